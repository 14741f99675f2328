package io.solaster.operator.api;

import java.util.List;
import java.util.Map;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.JsonNode;
import io.fabric8.crd.generator.annotation.PreserveUnknownFields;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.ValidationRule;
import io.fabric8.kubernetes.api.model.Affinity;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerPort;
import io.fabric8.kubernetes.api.model.EnvFromSource;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.LocalObjectReference;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PodSecurityContext;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.SecurityContext;
import io.fabric8.kubernetes.api.model.Toleration;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeMount;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyEgressRule;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyPeer;
import io.fabric8.kubernetes.model.annotation.SpecReplicas;
import org.jspecify.annotations.Nullable;

/**
 * What a {@link ShardedService} wants. What is left out has the default that is named here.
 *
 * @param workload what runs the pods; a StatefulSet unless said otherwise
 * @param image the container image
 * @param replicas how many pods; 1 with shards of a fixed count, else as many as fit; not beside {@code autoscaling} by replicas
 * @param ports what the container listens on
 * @param env environment variables; values of Secrets by reference
 * @param envFrom environment variables from ConfigMaps and Secrets
 * @param serviceAccountName the pods' identity
 * @param imagePullSecrets Secrets that the image is pulled with
 * @param priorityClassName the pods' priority
 * @param schedulerName another scheduler than the default one
 * @param volumeClaimTemplates volumes of a StatefulSet's pods
 * @param volumes further volumes of the pods, such as Secrets
 * @param volumeMounts where the container sees volumes
 * @param podSecurityContext the pods' security settings
 * @param securityContext the container's security settings
 * @param shards how many shards a pod has
 * @param placement which CPUs and nodes
 * @param memory how much memory
 * @param config the service's {@code solaster.*} configuration, as YAML below the key 'solaster'
 * @param autoscaling replicas or shards by load
 * @param rollout how changes are put in force
 * @param mode whether the plan is applied
 * @param drift what becomes of what others add to its objects; it is told only, unless said otherwise
 * @param volumeRetention what happens to the volumes when this is deleted
 * @param pod what the pods have beside the service's container
 * @param service the Service in front of the pods
 * @param podDisruptionBudget how many pods an eviction may take at once
 * @param networkPolicy who may call the pods
 */
@ValidationRule(value = "!(has(self.autoscaling) && has(self.replicas))"
        + " || (has(self.autoscaling.by) && self.autoscaling.by == 'Shards')", message = "replicas does not go beside autoscaling, which sets the number; remove one of them")
@ValidationRule(value = "!has(self.autoscaling) || !has(self.autoscaling.by) || self.autoscaling.by != 'Shards'"
        + " || (has(self.autoscaling.max) && has(self.shards) && has(self.shards.count))", message = "autoscaling by Shards needs its max, and shards.count to begin with")
@ValidationRule(value = "(has(self.workload) ? self.workload : 'StatefulSet')"
        + " == (has(oldSelf.workload) ? oldSelf.workload : 'StatefulSet')", message = "workload cannot change; make another ShardedService")
@ValidationRule(value = "!has(self.volumeClaimTemplates) || size(self.volumeClaimTemplates) == 0"
        + " || !has(self.workload) || self.workload == 'StatefulSet'", message = "volumeClaimTemplates need workload StatefulSet")
@ValidationRule(value = "(has(self.volumeClaimTemplates) ? size(self.volumeClaimTemplates) : 0)"
        + " == (has(oldSelf.volumeClaimTemplates) ? size(oldSelf.volumeClaimTemplates) : 0)", message = "volumeClaimTemplates cannot change, as those of a StatefulSet cannot")
@ValidationRule(value = "!has(self.rollout) || !has(self.rollout.surge) || self.rollout.surge == 0"
        + " || (has(self.workload) && self.workload == 'Deployment')", message = "rollout.surge needs workload Deployment: a StatefulSet replaces pods without a surge")
@ValidationRule(value = "has(self.image) || (has(self.mode) && self.mode == 'Plan')", message = "image is missing; write the container image to run, or mode Plan")
public record ShardedServiceSpec(@Nullable Workload workload, @Nullable String image,
        @SpecReplicas @Min(0) @Max(100_000) @Nullable Integer replicas,
        @Nullable List<ContainerPort> ports, @Nullable List<EnvVar> env, @Nullable List<EnvFromSource> envFrom,
        @Nullable String serviceAccountName, @Nullable List<LocalObjectReference> imagePullSecrets,
        @Nullable String priorityClassName, @Nullable String schedulerName,
        @Nullable List<PersistentVolumeClaim> volumeClaimTemplates, @Nullable List<Volume> volumes,
        @Nullable List<VolumeMount> volumeMounts, @Nullable PodSecurityContext podSecurityContext,
        @Nullable SecurityContext securityContext, @Required @Nullable Shards shards, @Nullable Placement placement,
        @Nullable Memory memory, @PreserveUnknownFields @Nullable JsonNode config, @Nullable Autoscaling autoscaling,
        @Nullable Rollout rollout, @Nullable Mode mode, @Nullable Drift drift,
        @Nullable VolumeRetention volumeRetention, @Nullable PodExtras pod, @Nullable ServiceSettings service,
        @Nullable DisruptionBudget podDisruptionBudget, @Nullable Network networkPolicy) {

    /** What runs the pods. */
    public enum Workload {
        StatefulSet, Deployment
    }

    /** Whether the operator changes anything. */
    public enum Mode {
        /** It makes what was planned. */
        Apply,
        /** It plans, says so in the status, and touches nothing. */
        Plan
    }

    /** What becomes of what others add to objects: containers, variables, ports, volumes and the like. */
    public enum Drift {
        /** It is told. */
        @JsonProperty("report")
        REPORT,
        /** It is told, and removed: of each object at most once an hour, and not again where it comes back. */
        @JsonProperty("mend")
        MEND
    }

    /** What happens to volumes when the service is deleted. */
    public enum VolumeRetention {
        Retain, Delete
    }

    /**
     * How many shards a pod has.
     *
     * @param mode a number, a pod per NUMA node, or a pod per node; Fixed unless said otherwise
     * @param count the shards of a pod with mode Fixed
     * @param min the fewest shards that a pod may have with the other modes; 1 unless said otherwise
     * @param max the most shards that a pod may have with the other modes
     */
    @ValidationRule(value = "!has(self.mode) || self.mode == 'Fixed' ? has(self.count) : !has(self.count)", message = "mode Fixed needs count; PerNuma and FillNode find it, and take min and max")
    @ValidationRule(value = "!has(self.min) || !has(self.max) || self.min <= self.max", message = "min is above max")
    public record Shards(@Nullable ShardMode mode, @Min(1) @Max(8192) @Nullable Integer count,
            @Min(1) @Max(8192) @Nullable Integer min, @Min(1) @Max(8192) @Nullable Integer max) {}

    /** What a pod's size follows from. */
    public enum ShardMode {
        /** The number of shards. */
        Fixed,
        /** What a NUMA node has to give. */
        PerNuma,
        /** What a node has to give. */
        FillNode
    }

    /**
     * Which CPUs and nodes.
     *
     * @param shardPer what a shard has to itself; a core unless said otherwise
     * @param numa how the pod lies on NUMA nodes; on a single one unless said otherwise, on any with mode FillNode
     * @param backend who hands out the CPUs; the kubelet's CPU Manager unless said otherwise
     * @param sharedCPUs CPUs kept free on each node beside the reserved ones, for what shares; 0 unless said otherwise,
     * under strict-cpu-reservation a core
     * @param nodeSelector labels that a node must have
     * @param tolerations taints that do not keep the pods away
     * @param onAffinityError what to do when a kubelet refuses a pod
     * @param afterNodeLoss whether all pods must still fit when a node is lost; reported only, unless said otherwise
     */
    public record Placement(@Nullable ShardPer shardPer, @Nullable Numa numa, @Nullable Backend backend,
            @Min(0) @Max(8192) @Nullable Integer sharedCPUs, @Nullable Map<String, String> nodeSelector,
            @Nullable List<Toleration> tolerations, @Nullable OnAffinityError onAffinityError,
            @Nullable AfterNodeLoss afterNodeLoss) {}

    /** What a shard has to itself. */
    public enum ShardPer {
        Core, Thread
    }

    /** How a pod lies on NUMA nodes. */
    public enum Numa {
        /** All of it on one. */
        Single,
        /** On as few as hold it. */
        Split,
        /** Wherever. */
        Any
    }

    /** Who hands out CPUs. */
    public enum Backend {
        /** The kubelet, by its static policy. */
        CPUManager,
        /** A driver for dynamic resource allocation, such as dra-driver-cpu. */
        DRA,
        /** Nobody: pods share CPUs. */
        None
    }

    /** What to do when a kubelet refuses a pod. */
    public enum OnAffinityError {
        /** Leave the node out for a while. */
        SetNodeAside,
        /** Stop making pods. */
        Stop
    }

    /** Whether a lost node is planned for. */
    public enum AfterNodeLoss {
        Report, Require
    }

    /**
     * How much memory.
     *
     * @param perShard memory of a pod per shard; 1Gi unless said otherwise
     * @param heapShare the heap's part of it, above 0 and below 1; 0.5 unless said otherwise
     * @param hugePages huge pages of a pod per shard, of 2 MiB; none unless said otherwise
     */
    @ValidationRule(value = "!has(self.heapShare) || (self.heapShare > 0.0 && self.heapShare < 1.0)", message = "heapShare is the heap's part of the memory; write a number between 0 and 1")
    public record Memory(@Nullable Quantity perShard, @Nullable Double heapShare, @Nullable Quantity hugePages) {}

    /**
     * Replicas or shards by load.
     *
     * @param by what is scaled; replicas unless said otherwise. To change the shards of a pod, pods are replaced
     * @param min the fewest replicas, or shards of a pod; 1 unless said otherwise
     * @param max the most
     * @param targetUtilization the part of their time that shards should be busy, in per cent; 60 unless said otherwise
     * @param stabilizationSeconds how long less load must last before anything is taken away; 300 unless said otherwise
     */
    @ValidationRule(value = "!has(self.min) || !has(self.max) || self.min <= self.max", message = "min is above max")
    public record Autoscaling(@Nullable ScaleBy by, @Min(1) @Max(100_000) @Nullable Integer min,
            @Min(1) @Max(100_000) @Nullable Integer max, @Min(1) @Max(100) @Nullable Integer targetUtilization,
            @Min(0) @Max(604_800) @Nullable Integer stabilizationSeconds) {}

    /** What autoscaling changes. */
    public enum ScaleBy {
        Replicas, Shards
    }

    /**
     * How changes are put in force.
     *
     * @param strategy pods in turn, or some first; Canary where canary is written, else Rolling
     * @param surge how many pods there may be beyond the replicas meanwhile; 1 with a Deployment, else 0
     * @param hotReload whether keys that may change while the service runs are changed so; true unless said otherwise
     * @param canary which pods are first with strategy Canary, and what is asked of them
     * @param autoReturn whether a change that falls short is taken back; true unless said otherwise
     * @param deadlineSeconds how long a rollout may go on without any further pod becoming ready, or confirming its new
     * configuration; 600 unless said otherwise, of which a ConfigMap may take two minutes to reach a pod
     */
    @ValidationRule(value = "!has(self.canary) || !has(self.strategy) || self.strategy == 'Canary'", message = "canary needs strategy Canary; write that, or leave strategy out")
    @ValidationRule(value = "!has(self.canary) || !has(self.canary.pods) || !has(self.canary.percent)", message = "canary.pods and canary.percent both say how many; remove one of them")
    @ValidationRule(value = "!has(self.canary) || !has(self.canary.errorPercent)"
            + " || (self.canary.errorPercent >= 0.0 && self.canary.errorPercent <= 100.0)", message = "canary.errorPercent is in percentage points; write a number from 0 to 100")
    public record Rollout(@Nullable Strategy strategy, @Min(0) @Max(100_000) @Nullable Integer surge,
            @Nullable Boolean hotReload,
            @Nullable Canary canary, @Nullable Boolean autoReturn,
            @Min(1) @Max(86_400) @Nullable Integer deadlineSeconds) {}

    /**
     * Which pods are first, and what is asked of them before the others follow.
     *
     * @param pods how many of each workload; 1 unless said otherwise
     * @param percent how many of each workload in per cent of its replicas, rounded up
     * @param warmupSeconds how long they run, once ready, before they are judged; 60 unless said otherwise
     * @param observeSeconds how long they are judged; 300 unless said otherwise
     * @param minRequests with fewer requests than these in that time, errors and latency tell nothing; 100 unless said
     * otherwise
     * @param errorPercent by how many percentage points more of their requests may fail than of the other pods'; 1 unless
     * said otherwise
     * @param p99Percent how long 99 % of their requests may take, in per cent of what those of the other pods take; 150
     * unless said otherwise. Less than half a millisecond more is always allowed
     * @param onNoReports what to do where none of them has reported by the end of that time; hold unless said otherwise
     */
    public record Canary(@Min(1) @Max(100_000) @Nullable Integer pods, @Min(1) @Max(100) @Nullable Integer percent,
            @Min(0) @Max(86_400) @Nullable Integer warmupSeconds,
            @Min(0) @Max(604_800) @Nullable Integer observeSeconds,
            @Min(1) @Max(1_000_000_000) @Nullable Integer minRequests, @Nullable Double errorPercent,
            @Min(100) @Max(1_000_000) @Nullable Integer p99Percent, @Nullable OnNoReports onNoReports) {}

    /** What becomes of first pods of which nothing is known. */
    public enum OnNoReports {
        /** All pods follow. */
        @JsonProperty("promote")
        PROMOTE,
        /** The others stay as they are until a first pod reports, or the spec changes. */
        @JsonProperty("hold")
        HOLD,
        /** The change is taken back. */
        @JsonProperty("roll-back")
        ROLL_BACK
    }

    /** In which order pods are replaced. */
    public enum Strategy {
        Rolling, Canary
    }

    /**
     * What pods have beside the service's container.
     *
     * @param labels further labels of the pods; those of solaster.io are the operator's
     * @param annotations further annotations of the pods; those of solaster.io are the operator's
     * @param affinity which nodes pods go to, and beside which others; what is required of nodes is planned for
     * @param initContainers containers that end before the service begins. Requests equal limits, and CPUs are not whole
     * @param sidecars containers that start before the service and end after it; as init containers
     */
    public record PodExtras(@Nullable Map<String, String> labels, @Nullable Map<String, String> annotations,
            @Nullable Affinity affinity, @Nullable List<Container> initContainers,
            @Nullable List<Container> sidecars) {}

    /**
     * The Service in front of the pods.
     *
     * @param type how it is reached; ClusterIP unless said otherwise
     * @param annotations its annotations; those of solaster.io are the operator's
     */
    public record ServiceSettings(@Nullable ServiceType type, @Nullable Map<String, String> annotations) {}

    /** How a Service is reached. */
    public enum ServiceType {
        ClusterIP, NodePort, LoadBalancer
    }

    /**
     * How many pods an eviction may take at once.
     *
     * @param enabled whether there is a PodDisruptionBudget; true unless said otherwise
     * @param maxUnavailable how many pods may be away, a number or per cent; 1 unless said otherwise
     * @param minAvailable how many must stay, a number or per cent, instead
     */
    @ValidationRule(value = "!has(self.maxUnavailable) || !has(self.minAvailable)", message = "podDisruptionBudget.maxUnavailable and minAvailable both say how many; remove one of them")
    public record DisruptionBudget(@Nullable Boolean enabled, @Nullable IntOrString maxUnavailable,
            @Nullable IntOrString minAvailable) {}

    /**
     * Who may call the pods, and whom they may call.
     *
     * @param enabled whether there is a NetworkPolicy; true unless said otherwise
     * @param from who may call the service's ports; anyone if left out
     * @param managementFrom who may call Actuator's port, the operator among them; pods of the cluster if left out. The
     * kubelet always may
     * @param egress what the pods may call; anything if left out
     */
    public record Network(@Nullable Boolean enabled, @Nullable List<NetworkPolicyPeer> from,
            @Nullable List<NetworkPolicyPeer> managementFrom, @Nullable List<NetworkPolicyEgressRule> egress) {}
}
