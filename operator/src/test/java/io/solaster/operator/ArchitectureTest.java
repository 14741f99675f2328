package io.solaster.operator;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** The arrows between the operator's rooms, and out of it: to config-schema alone. */
@AnalyzeClasses(packages = "io.solaster", importOptions = DoNotIncludeTests.class)
final class ArchitectureTest {

    @ArchTest
    static final ArchRule ARROWS_RUN_DOWNWARDS = layeredArchitecture().consideringOnlyDependenciesInLayers()
            .layer("command").definedBy("io.solaster.operator.command..").layer("reconcile")
            .definedBy("io.solaster.operator.reconcile..").layer("apply").definedBy("io.solaster.operator.apply..")
            .layer("observe").definedBy("io.solaster.operator.observe..").layer("rollout")
            .definedBy("io.solaster.operator.rollout..").layer("plan").definedBy("io.solaster.operator.plan..")
            .layer("inventory").definedBy("io.solaster.operator.inventory..")
            .layer("kubelet").definedBy("io.solaster.operator.kubelet..").layer("api")
            .definedBy("io.solaster.operator.api..").layer("client").definedBy("io.solaster.operator.client..")
            .whereLayer("client").mayOnlyBeAccessedByLayers("command", "reconcile", "inventory", "plan")
            .whereLayer("command")
            .mayNotBeAccessedByAnyLayer()
            .whereLayer("reconcile").mayOnlyBeAccessedByLayers("command").whereLayer("observe")
            .mayOnlyBeAccessedByLayers("reconcile", "rollout").whereLayer("rollout")
            .mayOnlyBeAccessedByLayers("reconcile").whereLayer("apply")
            .mayOnlyBeAccessedByLayers("reconcile", "observe", "rollout")
            .whereLayer("plan").mayOnlyBeAccessedByLayers("command", "reconcile", "apply", "observe", "rollout")
            .whereLayer("inventory")
            .mayOnlyBeAccessedByLayers("plan", "command", "reconcile", "apply").whereLayer("kubelet")
            .mayOnlyBeAccessedByLayers("inventory", "plan").whereLayer("api")
            .mayOnlyBeAccessedByLayers("inventory", "plan", "command", "reconcile", "apply", "observe",
                    "rollout");

    @ArchTest
    static final ArchRule NO_CYCLES_BETWEEN_ROOMS = slices().matching("io.solaster.operator.(**)").should()
            .beFreeOfCycles();

    @ArchTest
    static final ArchRule CONFIG_SCHEMA_IS_ALL_OF_SOLASTER_THAT_IT_NEEDS = classes().that()
            .resideInAPackage("io.solaster.operator..").should().onlyDependOnClassesThat()
            .resideOutsideOfPackages("io.solaster.engine..", "io.solaster.log..", "io.solaster.resp..",
                    "io.solaster.streams..", "io.solaster.store..",
                    "io.solaster.http..", "io.solaster.rpc..", "io.solaster.pool..", "io.solaster.spring..",
                    "io.solaster.boot..");

    @ArchTest
    static final ArchRule THE_SIMULATED_KUBELET_IS_PURE = noClasses().that()
            .resideInAPackage("io.solaster.operator.kubelet..").should().dependOnClassesThat()
            .resideInAnyPackage("io.fabric8..", "java.io..", "java.nio..", "java.time..");

    @ArchTest
    static final ArchRule EVERY_PACKAGE_IS_NULL_MARKED = classes().that().haveSimpleName("package-info").should()
            .beAnnotatedWith("org.jspecify.annotations.NullMarked");
}
