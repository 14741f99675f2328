package io.solaster.operator.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PlanCommandTest {
    private static final String NODES = """
            apiVersion: v1
            kind: NodeList
            items:
            - metadata: {name: n0, labels: {pool: a}}
              status:
                capacity: {cpu: "8", memory: 32Gi}
                allocatable: {cpu: "7", memory: 30Gi, pods: "110"}
                conditions: [{type: Ready, status: "True"}]
            """;
    private static final String PROFILE = """
            apiVersion: solaster.io/v1alpha1
            kind: TopologyProfile
            metadata: {name: a}
            spec: {numaNodes: [{cpus: 0-7}], reservedCPUs: "0", kubelet: {cpuManagerPolicy: static}}
            """;
    private static final String SERVICE = """
            apiVersion: solaster.io/v1alpha1
            kind: ShardedService
            metadata: {name: kv, namespace: shop}
            spec: {replicas: %d, shards: {count: %s}}
            """;

    @TempDir
    private Path directory;
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @BeforeEach
    void write() throws IOException {
        file("nodes.yaml", NODES);
        file("profiles.yaml", PROFILE);
        file("svc.yaml", SERVICE.formatted(1, "4"));
    }

    private void file(String name, String text) throws IOException {
        Files.writeString(directory.resolve(name), text);
    }

    private int run(String arguments) {
        return Main.run(new PrintWriter(out, true), new PrintWriter(err, true),
                arguments.replace("@", directory + "/").split(" "));
    }

    @Test
    void feasiblePlansExitWithZero() {
        assertThat(run("plan --nodes @nodes.yaml --profiles @profiles.yaml --service @svc.yaml --assume-empty"))
                .isZero();
        assertThat(out.toString()).startsWith("shop/kv: Feasible, after the loss of a node Infeasible (plan ")
                .contains("CLASS  SOURCE    NODES  POD CPUS  SHARDS");
        assertThat(err.toString()).isEmpty();
    }

    @Test
    void infeasiblePlansExitWithTwo() throws IOException {
        file("svc.yaml", SERVICE.formatted(2, "4"));
        assertThat(run("plan --nodes @nodes.yaml --profiles @profiles.yaml --service @svc.yaml --assume-empty"))
                .isEqualTo(2);
        assertThat(out.toString()).contains("Infeasible: 2 replicas of 5 CPUs on class a, room for 1, 1 short.");
    }

    @Test
    void unprovenPlansExitWithZeroUnlessStrict() {
        String arguments = "plan --nodes @nodes.yaml --profiles @profiles.yaml --service @svc.yaml";
        assertThat(run(arguments)).isZero();
        assertThat(run(arguments + " --strict")).isEqualTo(2);
        assertThat(out.toString()).contains("shop/kv: Unproven");
    }

    @Test
    void anEmptyListOfPodsIsKnowledgeToo() throws IOException {
        file("pods.yaml", "{apiVersion: v1, kind: List, items: []}");
        assertThat(run(
                "plan --nodes @nodes.yaml --profiles @profiles.yaml --service @svc.yaml --pods @pods.yaml --strict"))
                .isZero();
    }

    @Test
    void jsonHoldsTheWholePlan() throws IOException {
        run("plan --nodes @nodes.yaml --profiles @profiles.yaml --service @svc.yaml --assume-empty -o json");
        JsonNode plan = new ObjectMapper().readTree(out.toString()).at("/plans/0");
        assertThat(plan.at("/verdict").asText()).isEqualTo("Feasible");
        assertThat(plan.at("/classes/0/podCpus").asInt()).isEqualTo(5);
        assertThat(plan.at("/classes/0/shards").asInt()).isEqualTo(4);
        assertThat(plan.at("/classes/0/reasons/0").asText()).startsWith("A pod has 5 CPUs for 4 shards");
        assertThat(plan.at("/hash").asText()).matches("[0-9a-f]{12}");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', textBlock = """
            plan --service @svc.yaml                           | Missing required option: '--nodes=FILE'
            plan --nodes @nodes.yaml --service @svc.yaml -o xml | Invalid value for option '--output'
            plan --nodes @none.yaml --service @svc.yaml        | none.yaml: there is no such file; give the path of one
            plan --nodes @nodes.yaml --service @nodes.yaml     | nodes.yaml: has no ShardedService; give one with apiVersion
            apply                                              | Unmatched argument at index 0: 'apply'
            """)
    void wrongUsageExitsWith64(String arguments, String message) {
        assertThat(run(arguments)).isEqualTo(64);
        assertThat(err.toString()).contains(message);
        assertThat(out.toString()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', textBlock = """
            {kind: ShardedService, metadata: {name: kv}, spec: {shards: {cout: 3}}} | ShardedService kv: spec.shards.cout is unknown; write one of count, max, min, mode
            {kind: ShardedService, metadata: {name: kv}, spec: {placement: {numa: single}}} | ShardedService kv: spec.placement.numa: 'single' is unknown; write one of Single, Split, Any
            {kind: ShardedService, metadata: {name: kv}, spec: {replicas: many}} | ShardedService kv: spec.replicas: 'many' cannot be read
            {kind: ShardedService, spec: {}}                   | ShardedService: metadata.name is missing; give it one
            {kind: ShardedService, metadata: {name: kv}}       | ShardedService default/kv: spec is missing
            {metadata: {name: kv}}                             | svc.yaml: has an object without 'kind'
            {kind: [                                           | svc.yaml:
            """)
    void wrongInputExitsWith64AndNamesTheValueAndTheFix(String service, String message) throws IOException {
        file("svc.yaml", service);
        assertThat(run("plan --nodes @nodes.yaml --service @svc.yaml")).isEqualTo(64);
        assertThat(err.toString()).contains(message);
    }
}
