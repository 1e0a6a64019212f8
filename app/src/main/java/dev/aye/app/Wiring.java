package dev.aye.app;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.tomcat.servlet.TomcatServletWebServerFactory;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import org.springframework.context.annotation.Bean;
import org.springframework.web.servlet.mvc.method.annotation.RequestMappingHandlerMapping;
import org.springframework.web.socket.config.annotation.EnableWebSocket;
import org.springframework.web.socket.config.annotation.ServletWebSocketHandlerRegistry;
import org.springframework.web.socket.config.annotation.WebSocketConfigurer;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.MapperFeature;
import tools.jackson.databind.cfg.CoercionAction;
import tools.jackson.databind.cfg.CoercionInputShape;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.type.LogicalType;

/** The HTTP edge of a {@link House}: which controllers there are, and how strictly they read. */
@SpringBootConfiguration(proxyBeanMethods = false)
@EnableAutoConfiguration
@EnableWebSocket
class Wiring {
  @Bean
  JsonMapper json() {
    return strictJson();
  }

  @Bean
  Edge edge(House house, JsonMapper json) {
    return new Edge(house.config(), house.limits(), json);
  }

  @Bean
  Problems problems(House house) {
    return new Problems(house.soundness());
  }

  @Bean
  Pages pages(House house, ObjectProvider<RequestMappingHandlerMapping> mappings) {
    return new Pages(house.config(), house.files(), mappings);
  }

  @Bean
  MeetingApi meetingApi(House house) {
    return new MeetingApi(house);
  }

  @Bean
  PersonApi personApi(House house) {
    return new PersonApi(house);
  }

  @Bean
  PublicApi publicApi(House house) {
    return new PublicApi(house);
  }

  @Bean
  RtcSocket.Validation validation(House house) {
    return new RtcSocket.Validation(house.sfu());
  }

  @Bean
  WebSocketConfigurer sockets(House house, JsonMapper json) {
    RtcSocket socket = new RtcSocket(house.sfu(), json);
    return registry -> {
      registry.addHandler(socket, "/rtc/v1").addInterceptors(socket).setAllowedOriginPatterns("*");
      if (registry instanceof ServletWebSocketHandlerRegistry servlet) {
        servlet.setOrder(-1); // before the pages, which would answer that there is nothing
      }
    };
  }

  @Bean
  WebServerFactoryCustomizer<TomcatServletWebServerFactory> tomcat() {
    return factory -> {
      // Edge refuses TRACE, in the form of all other refusals; Tomcat would before it, in its own.
      factory.addConnectorCustomizers(connector -> connector.setAllowTrace(true));
      factory.addContextCustomizers(context -> {
        if (context.getParent() instanceof org.apache.catalina.core.StandardHost host) {
          host.setErrorReportValveClass(BareErrors.class.getName());
        }
      });
    };
  }

  /**
   * Refuses duplicate and unknown keys, values of another type, trailing text, deep nesting and
   * long strings.
   */
  static JsonMapper strictJson() {
    JsonFactory factory =
        JsonFactory.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .streamReadConstraints(
                StreamReadConstraints.builder()
                    .maxNestingDepth(16)
                    .maxStringLength(64 * 1024)
                    .maxNameLength(64)
                    .maxNumberLength(32)
                    .maxDocumentLength(64 * 1024)
                    .build())
            .build();
    return JsonMapper.builder(factory)
        .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
        .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
        .enable(DeserializationFeature.FAIL_ON_NULL_CREATOR_PROPERTIES)
        .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
        .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
        .disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
        .withCoercionConfig(
            LogicalType.Textual,
            text ->
                text.setCoercion(CoercionInputShape.Integer, CoercionAction.Fail)
                    .setCoercion(CoercionInputShape.Float, CoercionAction.Fail)
                    .setCoercion(CoercionInputShape.Boolean, CoercionAction.Fail))
        .changeDefaultPropertyInclusion(value ->
            value.withValueInclusion(
                com.fasterxml.jackson.annotation.JsonInclude.Include.NON_ABSENT))
        .build();
  }
}
