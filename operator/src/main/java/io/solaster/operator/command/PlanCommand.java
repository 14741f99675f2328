package io.solaster.operator.command;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import io.solaster.operator.inventory.Inventory;
import io.solaster.operator.plan.Planner;
import io.solaster.operator.plan.ServicePlan;
import io.solaster.operator.plan.Verdict;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code plan}: says from files whether services fit on nodes, and how. */
@Command(name = "plan", mixinStandardHelpOptions = true, sortOptions = false, description = "Says from files, without a cluster, which pods sharded services need and whether they fit.", footer = {
        "", "Files are what 'kubectl get ... -o yaml' prints; any of them may hold any kind of object:",
        "Node, Pod, NodeResourceTopology, ResourceSlice, ResourceClaim, TopologyProfile, ShardedService.", "",
        "Exit codes: 0 feasible or unproven, 2 infeasible, 64 wrong usage or input."})
final class PlanCommand implements Callable<Integer> {
    static final int INFEASIBLE = 2;

    /** How plans are printed. */
    enum Output {
        table, json
    }

    @Option(names = "--nodes", required = true, paramLabel = "FILE", description = "the nodes; may be given again")
    private List<Path> nodes = List.of();

    @Option(names = "--service", required = true, paramLabel = "FILE", description = "the services, planned one after the other; may be given again")
    private List<Path> services = List.of();

    @Option(names = "--pods", paramLabel = "FILE", description = "all pods that run; may be given again")
    private List<Path> pods = List.of();

    @Option(names = "--profiles", paramLabel = "FILE", description = "TopologyProfiles; may be given again")
    private List<Path> profiles = List.of();

    @Option(names = "--assume-empty", description = "nodes run no pods but those given")
    private boolean assumeEmpty;

    @Option(names = "--strict", description = "exit with 2 where a plan is unproven, too")
    private boolean strict;

    @Option(names = {"-o",
            "--output"}, defaultValue = "table", paramLabel = "table|json", description = "how to print plans (default: ${DEFAULT-VALUE})")
    private Output output = Output.table;

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Override
    public Integer call() throws JsonProcessingException {
        Documents documents = new Documents();
        nodes.forEach(file -> documents.read(file, "Node"));
        pods.forEach(file -> documents.read(file, "Pod"));
        profiles.forEach(file -> documents.read(file, "TopologyProfile"));
        services.forEach(file -> documents.read(file, "ShardedService"));
        List<ServicePlan> plans = Planner.plan(Inventory.of(documents.objects(assumeEmpty)), documents.services());
        PrintWriter out = spec.commandLine().getOut();
        if (output == Output.json) {
            out.println(new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT)
                    .writeValueAsString(Map.of("plans", plans)));
        } else {
            out.print(PlanTable.print(plans));
        }
        out.flush();
        boolean fits = plans.stream().allMatch(
                plan -> plan.verdict() == Verdict.Feasible || (plan.verdict() == Verdict.Unproven && !strict));
        return fits ? 0 : INFEASIBLE;
    }
}
