package dev.aye.app;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaCall;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import dev.aye.consent.Permit;
import dev.aye.consent.Use;
import java.time.Clock;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Set;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The rules of the house, each with its reason. They hold for all modules at once. */
class ArchitectureTest {
  private static JavaClasses all;

  @BeforeAll
  static void read() {
    all =
        new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("dev.aye");
  }

  @Test
  void housesDependInOneDirectionOnly() {
    layeredArchitecture()
        .consideringOnlyDependenciesInLayers()
        .layer("log")
        .definedBy("dev.aye.log..")
        .layer("consent")
        .definedBy("dev.aye.consent..")
        .layer("media")
        .definedBy("dev.aye.media..")
        .layer("vault")
        .definedBy("dev.aye.vault..")
        .layer("companion")
        .definedBy("dev.aye.companion..")
        .layer("learn")
        .definedBy("dev.aye.learn..")
        .layer("app")
        .definedBy("dev.aye.app..")
        .whereLayer("app")
        .mayNotBeAccessedByAnyLayer()
        .whereLayer("learn")
        .mayOnlyBeAccessedByLayers("app")
        .whereLayer("companion")
        .mayOnlyBeAccessedByLayers("app")
        .whereLayer("media")
        .mayOnlyBeAccessedByLayers("app")
        .whereLayer("vault")
        .mayOnlyBeAccessedByLayers("companion", "learn", "app")
        .whereLayer("consent")
        .mayOnlyBeAccessedByLayers("media", "vault", "companion", "learn", "app")
        .because("a house must be readable, testable and fuzzable without those that stand on it")
        .check(all);
  }

  @Test
  void theLogNeedsNothingButTheJdk() {
    classes()
        .that()
        .resideInAPackage("dev.aye.log..")
        .should()
        .onlyDependOnClassesThat()
        .resideInAnyPackage("dev.aye.log..", "java..", "javax.crypto..", "org.jspecify..")
        .because("whoever verifies must be able to read all of what verifies")
        .check(all);
  }

  @Test
  void onlyConsentMakesPermitsAndUses() {
    noClasses()
        .that()
        .resideOutsideOfPackage("dev.aye.consent..")
        .should()
        .callConstructorWhere(
            DescribedPredicate.describe(
                "makes a permit or a use",
                call ->
                    call.getTargetOwner().isEquivalentTo(Permit.class)
                        || call.getTargetOwner().isEquivalentTo(Use.class)))
        .because("a permit is worth something only if nobody else can make one")
        .check(all);
  }

  @Test
  void companionAndLearnNeverSeeMedia() {
    noClasses()
        .that()
        .resideInAnyPackage("dev.aye.companion..", "dev.aye.learn..", "dev.aye.vault..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("dev.aye.media..")
        .because("what AI hears is handed to it frame by frame; it holds no way into a room")
        .check(all);
  }

  @Test
  void onlyTheTapGivesMediaOut() {
    noClasses()
        .that()
        .resideInAPackage("dev.aye.app")
        .and()
        .doNotHaveFullyQualifiedName("dev.aye.app.Listening")
        .and(DescribedPredicate.not(nestedIn("dev.aye.app.Listening")))
        .should()
        .dependOnClassesThat(
            DescribedPredicate.describe(
                "give or take media",
                (JavaClass c) ->
                    Set.of(
                            "dev.aye.media.Tap",
                            "dev.aye.media.TapSink",
                            "dev.aye.media.VoiceFrame",
                            "dev.aye.media.MediaClient",
                            "dev.aye.media.FrameCryptor")
                        .contains(c.getFullName())))
        .because("there is one way from a room to AI, and it asks for a permit per packet")
        .check(all);
  }

  @Test
  void sqlStandsAtTheEdge() {
    Set<String> edge =
        Set.of(
            "dev.aye.app.Database",
            "dev.aye.app.Meetings",
            "dev.aye.app.ConsentFacts",
            "dev.aye.app.OwnLeaves");
    noClasses()
        .that()
        .resideOutsideOfPackage("dev.aye.learn..")
        .and(
            DescribedPredicate.describe(
                "are not " + edge,
                (JavaClass c) ->
                    edge.stream()
                        .noneMatch(n -> c.getName().equals(n) || c.getName().startsWith(n + "$"))))
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(
            "java.sql..",
            "javax.sql..",
            "org.springframework.jdbc..",
            "org.sqlite..",
            "org.flywaydb..")
        .because("SQL is one way to keep things, and the houses know none; learn's is Parquet's")
        .check(all);
  }

  @Test
  void springStandsInAppAlone() {
    noClasses()
        .that()
        .resideOutsideOfPackage("dev.aye.app..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("org.springframework..")
        .because("the houses are plain Java")
        .check(all);
  }

  @Test
  void coresHaveNoWallClock() {
    noClasses()
        .that()
        .resideInAnyPackage(
            "dev.aye.log..",
            "dev.aye.consent..",
            "dev.aye.vault..",
            "dev.aye.learn..",
            "dev.aye.media..",
            "dev.aye.companion..")
        .and(notBenches())
        .should()
        .callMethodWhere(
            DescribedPredicate.describe(
                "reads the wall clock",
                (JavaCall<?> call) ->
                    (call.getTargetOwner().isEquivalentTo(Instant.class)
                            && call.getName().equals("now"))
                        || (call.getTargetOwner().isEquivalentTo(System.class)
                            && call.getName().equals("currentTimeMillis"))
                        || (call.getTargetOwner().isAssignableTo(Clock.class)
                            && call.getName().startsWith("system"))
                        || (call.getTargetOwner().isAssignableTo(InstantSource.class)
                            && call.getName().equals("system"))))
        .because("time is an argument: what a withdrawal does must be testable to the millisecond")
        .check(all);
  }

  @Test
  void socketsStandAtTheEdge() {
    noClasses()
        .that()
        .resideInAnyPackage(
            "dev.aye.log..",
            "dev.aye.consent..",
            "dev.aye.vault..",
            "dev.aye.learn..",
            "dev.aye.companion..")
        .and()
        .doNotHaveFullyQualifiedName("dev.aye.log.Http")
        .should()
        .dependOnClassesThat()
        .haveNameMatching("java\\.net\\.(http\\..*|.*Socket)|java\\.nio\\.channels\\..*Socket.*")
        .because("cores take datagrams and bytes, so that every input can be simulated")
        .check(all);
  }

  @Test
  void simulatedPeopleUseOnlyWhatAPageHas() {
    noClasses()
        .that()
        .resideInAPackage("dev.aye.app.people..")
        .should()
        .dependOnClassesThat(
            resideInAPackage("dev.aye.app")
                .or(resideInAPackage("dev.aye.consent.."))
                .or(resideInAPackage("dev.aye.vault.."))
                .or(resideInAPackage("dev.aye.learn.."))
                .or(resideInAPackage("dev.aye.companion..")))
        .because("what they show must be true of a browser, too")
        .check(all);
  }

  private static DescribedPredicate<JavaClass> nestedIn(String name) {
    return DescribedPredicate.describe(
        "nested in " + name, c -> c.getName().startsWith(name + "$"));
  }

  private static DescribedPredicate<JavaClass> notBenches() {
    return DescribedPredicate.describe(
        "no benchmark or process of its own",
        c -> !c.getSimpleName().endsWith("Bench") && !c.getName().contains("Bench$"));
  }
}
