package io.solaster.operator.kubelet;

import java.util.Map;

import io.solaster.config.value.CpuSet;
import io.solaster.operator.kubelet.KubeletConfig.CpuManager;
import io.solaster.operator.kubelet.KubeletConfig.Option;

/**
 * What the CPU manager's file {@code cpu_manager_state} holds, and whether a kubelet starts with it. A kubelet reads the
 * file at its start ({@code cpumanager/state/state_checkpoint.go}) and holds it against its configuration and the machine
 * ({@code validateState} in {@code cpumanager/policy_static.go}); where it does not start, its node is not ready until
 * the node is drained and the file removed. Options of the policy and the Topology Manager are not in it: pods that run
 * keep their CPUs whatever the new ones are.
 *
 * @param policy the policy that wrote it
 * @param shared the CPUs that containers share ({@code defaultCpuSet})
 * @param entries the CPUs of containers, by a name of theirs; also of pods that have gone since
 */
public record Checkpoint(CpuManager policy, CpuSet shared, Map<String, CpuSet> entries) {
    public Checkpoint {
        entries = Map.copyOf(entries);
    }

    /**
     * Why a kubelet does not start with it.
     *
     * @return a sentence with the fix; empty if it starts
     */
    public String problem(CpuTopology topology, KubeletConfig config) {
        String why = contradiction(topology, config);
        return why.isEmpty()
                ? ""
                : "the kubelet does not start: " + why + "; drain the node and remove cpu_manager_state";
    }

    private String contradiction(CpuTopology topology, KubeletConfig config) {
        if (policy != config.cpuManager()) {
            return "its state is of another cpuManagerPolicy";
        }
        if (policy == CpuManager.NONE) {
            return "";
        }
        if (shared.isEmpty()) {
            return entries.isEmpty() ? "" : "containers have all CPUs for themselves, and none is left to share";
        }
        boolean strict = config.has(Option.STRICT_CPU_RESERVATION);
        if (strict && !config.reserved().and(shared).isEmpty()) {
            return "reserved CPUs " + config.reserved().and(shared) + " are among those that are shared";
        }
        if (!strict && !shared.containsAll(config.reserved())) {
            return "reserved CPUs " + config.reserved().minus(shared) + " are not among those that are shared";
        }
        CpuSet known = shared;
        for (Map.Entry<String, CpuSet> entry : entries.entrySet()) {
            if (!entry.getValue().and(shared).isEmpty()) {
                return "CPUs " + entry.getValue().and(shared) + " of " + entry.getKey() + " are shared, too";
            }
            known = known.or(entry.getValue());
        }
        CpuSet all = CpuSet.of(topology.all());
        CpuSet there = strict ? all.minus(config.reserved()) : all;
        return known.equals(there) ? "" : "its state has CPUs " + known + ", the machine " + there;
    }
}
