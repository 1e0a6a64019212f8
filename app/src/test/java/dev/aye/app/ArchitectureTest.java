package dev.aye.app;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.equivalentTo;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaCall;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import dev.aye.companion.SpeechModel;
import dev.aye.consent.Permit;
import dev.aye.consent.Use;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BiPredicate;
import java.util.stream.Stream;
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
            .withImportOption(location -> !location.contains("-tests.jar"))
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
    noClasses()
        .that(
            areNot(
                "dev.aye.app.Database",
                "dev.aye.app.Meetings",
                "dev.aye.app.ConsentFacts",
                "dev.aye.app.OwnLeaves",
                "dev.aye.learn.Table"))
        .should()
        .dependOnClassesThat(
            resideInAnyPackage(
                    "java.sql..",
                    "javax.sql..",
                    "org.springframework.jdbc..",
                    "org.sqlite..",
                    "org.duckdb..",
                    "org.flywaydb..")
                .and(DescribedPredicate.not(equivalentTo(SQLException.class))))
        .because("SQL is one way to keep things, and the houses know none; Table's is Parquet's")
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
  void coresHaveNoClockOfTheirOwn() {
    noClasses()
        .that(areCores())
        .and(areNoBenches())
        .and(
            // where threads live: they wait for a packet, a process or a tick, and measure that
            areNot(
                "dev.aye.log.Log",
                "dev.aye.media.Sfu",
                "dev.aye.media.MediaClient",
                "dev.aye.companion.Companion",
                "dev.aye.companion.SpeechProcess"))
        .should(readAClockOrSleep())
        .because("time is an argument: what a withdrawal does must be testable to the millisecond")
        .check(all);
  }

  @Test
  void whereThreadsLiveNobodyReadsTheWallClock() {
    noClasses()
        .that(areCores())
        .and(areNoBenches())
        .should(readTheWallClock())
        .because("deadlines of permits are of the clock that is passed in, and of no other")
        .check(all);
  }

  @Test
  void socketsStandAtTheEdge() {
    noClasses()
        .that(areCores())
        .and(
            areNot(
                "dev.aye.log.Http", "dev.aye.media.transport.UdpPort", "dev.aye.media.MediaClient"))
        .should()
        .dependOnClassesThat()
        .haveNameMatching(
            "java\\.net\\.(http\\..*|.*Socket|.*URLConnection)"
                + "|java\\.nio\\.channels\\.(.*Socket.*|DatagramChannel|Select.*)"
                + "|io\\.netty\\..*")
        .because("cores take datagrams and bytes, so that every input can be simulated")
        .check(all);
  }

  @Test
  void onlyTheSpeechProcessIsAProcess() {
    noClasses()
        .that(areCores())
        .and(areNoBenches())
        .and(areNot("dev.aye.companion.SpeechProcess"))
        .should()
        .dependOnClassesThat()
        .haveNameMatching("java\\.lang\\.Process(Builder)?")
        .because(
            "what is heard leaves the server's process in one place, for one that keeps nothing")
        .check(all);
  }

  @Test
  void speechIsHeardUnderAPermitOrIsTheProjectsOwn() {
    classes()
        .that()
        .areAssignableTo("dev.aye.companion.Speech")
        .should()
        .haveNameMatching("dev\\.aye\\.companion\\.(Speech|Segment|Recording)")
        .because("a segment carries the permits that cover it; nobody said a recording")
        .check(all);
    noClasses()
        .that(areNot("dev.aye.companion.Recording"))
        .should()
        .callConstructorWhere(targetIs("dev.aye.companion.Recording"))
        .because("what becomes a recording comes out of the product, never out of a meeting")
        .check(all);
    noClasses()
        .that(areNot("dev.aye.companion.Ear"))
        .should()
        .callConstructorWhere(targetIs("dev.aye.companion.Segment"))
        .because("what an ear hears, it hears under its permits")
        .check(all);
    noClasses()
        .that(
            areNot(
                "dev.aye.companion.Companion",
                "dev.aye.companion.SpeechBench",
                "dev.aye.companion.SpeechProcess"))
        .should()
        .callMethodWhere(
            DescribedPredicate.describe(
                "has a model hear",
                call ->
                    call.getName().equals("hear")
                        && call.getTargetOwner().isAssignableTo(SpeechModel.class)))
        .because("there is one way to a recogniser")
        .check(all);
  }

  @Test
  void whatIsKeptIsOpenedUnderAUseOrForItsOwnPerson() {
    noClasses()
        .that(areNot("dev.aye.app.PersonApi"))
        .should()
        .callMethodWhere(targetIs("dev.aye.vault.Vault", "own"))
        .because("what is held of a person is shown to that person, and to nobody else")
        .check(all);
    noClasses()
        .that()
        .resideOutsideOfPackage("dev.aye.learn..")
        .should()
        .callMethodWhere(targetIs("dev.aye.vault.Vault", "lastReading"))
        .because("what was withdrawn is read once more only to be subtracted")
        .check(all);
    noClasses()
        .that(areNot("dev.aye.vault.Vault"))
        .should()
        .callMethodWhere(targetIs("dev.aye.vault.Vault", "read"))
        .because("every other way to read a block asks whose it is, and for what")
        .check(all);
    noClasses()
        .that()
        .resideOutsideOfPackage("dev.aye.consent..")
        .should()
        .callConstructorWhere(targetIs("dev.aye.consent.DeviceProof$Checked$Proven"))
        .because("only a signature shows that a person is there")
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

  private static DescribedPredicate<JavaClass> areNot(String... names) {
    return DescribedPredicate.describe(
        "are not " + String.join(", ", names),
        c ->
            Arrays.stream(names)
                .noneMatch(n -> c.getName().equals(n) || c.getName().startsWith(n + "$")));
  }

  private static DescribedPredicate<JavaClass> areCores() {
    return DescribedPredicate.describe(
        "are of a core",
        c ->
            c.getPackageName()
                .matches("dev\\.aye\\.(log|consent|media|vault|companion|learn)(\\..*)?"));
  }

  private static DescribedPredicate<JavaClass> areNoBenches() {
    return DescribedPredicate.describe(
        "are no benchmark",
        c -> !c.getSimpleName().endsWith("Bench") && !c.getName().contains("Bench$"));
  }

  private static <T extends JavaCall<?>> DescribedPredicate<T> targetIs(String owner) {
    return DescribedPredicate.describe(
        "is of " + owner, call -> call.getTargetOwner().getName().equals(owner));
  }

  private static <T extends JavaCall<?>> DescribedPredicate<T> targetIs(String owner, String name) {
    return DescribedPredicate.describe(
        "is " + owner + "." + name,
        call -> call.getTargetOwner().getName().equals(owner) && call.getName().equals(name));
  }

  private static ArchCondition<JavaClass> readTheWallClock() {
    return use(
        "read the wall clock",
        (owner, name) ->
            (owner.isEquivalentTo(Instant.class) && name.equals("now"))
                || (owner.isEquivalentTo(System.class) && name.equals("currentTimeMillis"))
                || (owner.isAssignableTo(Clock.class) && name.startsWith("system"))
                || (owner.isAssignableTo(InstantSource.class) && name.equals("system")));
  }

  private static ArchCondition<JavaClass> readAClockOrSleep() {
    return use(
        "read the machine's clock or sleep",
        (owner, name) ->
            (owner.isEquivalentTo(System.class) && name.equals("nanoTime"))
                || (owner.isEquivalentTo(Thread.class) && name.equals("sleep"))
                || (owner.isEquivalentTo(LockSupport.class) && name.startsWith("parkNanos")));
  }

  /** Calls, and references to methods that somebody else then calls. */
  private static ArchCondition<JavaClass> use(String what, BiPredicate<JavaClass, String> isMeant) {
    return new ArchCondition<>(what) {
      @Override
      public void check(JavaClass item, ConditionEvents events) {
        Stream.concat(
                item.getMethodCallsFromSelf().stream(), item.getMethodReferencesFromSelf().stream())
            .filter(access -> isMeant.test(access.getTargetOwner(), access.getName()))
            .forEach(access ->
                events.add(SimpleConditionEvent.satisfied(access, access.getDescription())));
      }
    };
  }
}
