package io.solaster.operator.observe;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.Set;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.solaster.config.value.CpuSet;
import io.solaster.operator.Objects;
import io.solaster.operator.api.ShardedServiceSpec.Backend;
import io.solaster.operator.api.ShardedServiceSpec.Numa;
import io.solaster.operator.api.ShardedServiceStatus.PodStatus;
import io.solaster.operator.plan.ServicePlan;
import io.solaster.operator.plan.Verdict;
import org.junit.jupiter.api.Test;

class AlignmentTest {
    private static PodStatus told(PodReport report) {
        Pod pod = Objects.pod("kv-two-0", "a", "9", "8Gi", Map.of());
        ServicePlan plan = new ServicePlan("shop", "kv", Verdict.Feasible, "", 1, 0, 1, 0, Verdict.Feasible, List.of(),
                List.of());
        return Alignment.of(plan, Backend.CPUManager, Numa.Single, List.of(pod), Set.of("main"), each -> report).pods()
                .getFirst();
    }

    /** A mesh puts its proxy beside the service, or before it as a sidecar, and rarely with limits. */
    @Test
    void aContainerThatAnInjectorHasAddedIsNamed() {
        Pod pod = Objects.pod("kv-two-0", "a", "9", "8Gi", Map.of());
        pod = new PodBuilder(pod).editSpec().addNewInitContainer().withName("istio-proxy").withNewResources()
                .addToRequests("cpu", new Quantity("100m")).endResources().endInitContainer().endSpec().editStatus()
                .withQosClass("Burstable").endStatus().build();
        Alignment alignment = of(pod);
        assertThat(alignment.status()).isEqualTo("False");
        assertThat(alignment.reason()).isEqualTo("NotGuaranteed");
        assertThat(alignment.message()).contains("an injector of the cluster has added istio-proxy: have it give"
                + " limits");
        Pod own = new PodBuilder(pod).editSpec().withInitContainers().editFirstContainer().withNewResources()
                .endResources().endContainer().endSpec().build();
        assertThat(of(own).message()).contains("give main limits that equal its requests");
    }

    private static Alignment of(Pod pod) {
        ServicePlan plan = new ServicePlan("shop", "kv", Verdict.Feasible, "", 1, 0, 1, 0, Verdict.Feasible, List.of(),
                List.of());
        return Alignment.of(plan, Backend.CPUManager, Numa.Single, List.of(pod), Set.of("main"), each -> null);
    }

    /** An API server of Kubernetes 1.20 takes an empty text that is added for null, and refuses the whole status. */
    @Test
    void aPodWithoutShardsHasNoCpusInsteadOfEmptyOnes() {
        PodStatus idle = told(new PodReport(0, CpuSet.EMPTY, CpuSet.EMPTY, CpuSet.EMPTY, true, null, ""));
        assertThat(idle).isEqualTo(new PodStatus("kv-two-0", "a", null, null, 0, null));
        PodStatus busy = told(new PodReport(2, CpuSet.parse("2-3"), CpuSet.EMPTY, CpuSet.parse("0"), true, null, ""));
        assertThat(busy).isEqualTo(new PodStatus("kv-two-0", "a", "2-3", "0", 2, null));
    }
}
