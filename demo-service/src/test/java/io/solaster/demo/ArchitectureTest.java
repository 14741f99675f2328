package io.solaster.demo;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import java.nio.file.Path;

import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.core.importer.Location;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import io.solaster.config.check.ConfigTree;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The arrows between modules: downwards only, and only those that are drawn. */
@AnalyzeClasses(packages = "io.solaster", importOptions = {DoNotIncludeTests.class,
        ArchitectureTest.DoNotIncludeTestJars.class})
final class ArchitectureTest {

    /** What other modules' tests hand on: a build that packages them has them in jars. */
    static final class DoNotIncludeTestJars implements ImportOption {
        @Override
        public boolean includes(Location location) {
            return !location.contains("-tests.jar");
        }
    }

    @ArchTest
    static final ArchRule ARROWS_RUN_DOWNWARDS = layeredArchitecture().consideringOnlyDependenciesInLayers()
            .withOptionalLayers(true).layer("config").definedBy("io.solaster.config..").layer("engine")
            .definedBy("io.solaster.engine..").layer("log").definedBy("io.solaster.log..")
            .layer("streams").definedBy("io.solaster.streams..")
            .layer("resp").definedBy("io.solaster.resp..").layer("store")
            .definedBy("io.solaster.store..").layer("http").definedBy("io.solaster.http..")
            .layer("rpc").definedBy("io.solaster.rpc..").layer("pool")
            .definedBy("io.solaster.pool..").layer("spring").definedBy("io.solaster.spring..").layer("boot")
            .definedBy("io.solaster.boot..").layer("demo").definedBy("io.solaster.demo..").layer("operator")
            .definedBy("io.solaster.operator..")
            .whereLayer("demo").mayNotBeAccessedByAnyLayer()
            .whereLayer("operator").mayNotBeAccessedByAnyLayer()
            .whereLayer("boot").mayOnlyBeAccessedByLayers("demo")
            .whereLayer("spring").mayOnlyBeAccessedByLayers("boot", "demo")
            .whereLayer("pool").mayOnlyBeAccessedByLayers("spring", "boot", "demo")
            .whereLayer("http").mayOnlyBeAccessedByLayers("spring", "boot", "demo")
            .whereLayer("rpc").mayOnlyBeAccessedByLayers("pool", "spring", "boot", "demo")
            .whereLayer("store").mayOnlyBeAccessedByLayers("spring", "boot", "demo")
            .whereLayer("streams").mayOnlyBeAccessedByLayers("store", "spring", "boot", "demo")
            .whereLayer("log").mayOnlyBeAccessedByLayers("streams", "store", "boot", "demo")
            .whereLayer("resp").mayOnlyBeAccessedByLayers("store", "pool", "spring", "boot", "demo")
            .whereLayer("engine")
            .mayOnlyBeAccessedByLayers("log", "streams", "resp", "store", "http", "rpc", "pool", "spring", "boot",
                    "demo");

    @ArchTest
    static final ArchRule SPRING_STAYS_ABOVE_THE_ENGINE = noClasses().that()
            .resideInAnyPackage("io.solaster.engine..", "io.solaster.log..", "io.solaster.resp..",
                    "io.solaster.streams..", "io.solaster.store..",
                    "io.solaster.http..", "io.solaster.rpc..", "io.solaster.pool..")
            .should().dependOnClassesThat().resideInAnyPackage("org.springframework..").allowEmptyShould(true);

    @ArchTest
    static final ArchRule NO_CYCLES = slices().matching("io.solaster.(*)..").should().beFreeOfCycles();

    @ArchTest
    static final ArchRule EVERY_PACKAGE_IS_NULL_MARKED = classes().that().haveSimpleName("package-info").should()
            .beAnnotatedWith("org.jspecify.annotations.NullMarked");

    @ArchTest
    static final ArchRule NO_CYCLES_BETWEEN_ROOMS = slices().assignedFrom(new Packages()).should().beFreeOfCycles();

    @ArchTest
    static final ArchRule ONE_CLASS_WALKS_THE_CONFIGURATION = noClasses().that().areNotAssignableTo(ConfigTree.class)
            .should().callMethod(Class.class, "getRecordComponents");

    @ArchTest
    static final ArchRule INTERNALS_STAY_IN_THEIR_MODULE = classes().should(Internals.STAY_IN_THEIR_MODULE);

    @ArchTest
    static final ArchRule ROOTS_SHOW_NO_INTERNALS = classes().should(Internals.ARE_NOT_SHOWN_BY_ROOTS);

    /** The room that asks the JDK itself, and the one that makes the virtual threads of shards. */
    @ArchTest
    static final ArchRule TIME_CHANCE_AND_THREADS_ARE_HANDED_IN = classes().that()
            .resideInAnyPackage("io.solaster.engine..", "io.solaster.log..", "io.solaster.resp..",
                    "io.solaster.streams..", "io.solaster.store..",
                    "io.solaster.http..", "io.solaster.rpc..", "io.solaster.pool..")
            .and().resideOutsideOfPackages("io.solaster.engine.env..", "io.solaster.engine.thread..")
            // A command, in a process of its own.
            .and().doNotHaveFullyQualifiedName("io.solaster.engine.file.MeasureDisk")
            .should(FromTheEnvironment.COME_TIME_CHANCE_AND_THREADS);

    @ParameterizedTest
    @ValueSource(strings = {"benchmarks", "testkit", "load"})
    void modulesThatNothingStandsOnHaveNoCyclesEither(String module) {
        Path classes = Path.of("../reactor-engine", module, "target/classes");
        slices().assignedFrom(new Packages()).should().beFreeOfCycles().allowEmptyShould(true)
                .check(new ClassFileImporter().importPath(classes));
    }
}
