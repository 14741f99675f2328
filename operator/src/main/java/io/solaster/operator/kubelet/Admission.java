package io.solaster.operator.kubelet;

import java.util.List;

import io.solaster.config.value.CpuSet;
import org.jspecify.annotations.Nullable;

/**
 * What the kubelet says to a pod.
 *
 * @param cpus the CPUs of each container, in the pod's order; empty sets for containers that share, empty if refused
 * @param refusal why the pod was refused; null if it was admitted
 * @param message the arithmetic of a refusal; empty if admitted
 */
public record Admission(List<CpuSet> cpus, @Nullable Reason refusal, String message) {

    /** Why a pod is refused: the reason that its status then shows. */
    public enum Reason {
        /** Parts of cores under full-pcpus-only. */
        SMT_ALIGNMENT("SMTAlignmentError"),
        /** No allowed set of NUMA nodes has enough free CPUs. */
        TOPOLOGY_AFFINITY("TopologyAffinityError"),
        /** Fewer free CPUs than asked for, which the scheduler had thought to be there. */
        UNEXPECTED("UnexpectedAdmissionError");

        private final String spelled;

        Reason(String spelled) {
            this.spelled = spelled;
        }

        /** As the pod's status spells it. */
        public String spelled() {
            return spelled;
        }
    }

    public Admission {
        cpus = List.copyOf(cpus);
    }

    static Admission exclusive(List<CpuSet> cpus) {
        return new Admission(cpus, null, "");
    }

    static Admission shared(CpuSet cpus) {
        return new Admission(List.of(cpus), null, "");
    }

    static Admission refused(Reason reason, String message) {
        return new Admission(List.of(), reason, message);
    }

    /** Whether the pod was let in. */
    public boolean admitted() {
        return refusal == null;
    }
}
