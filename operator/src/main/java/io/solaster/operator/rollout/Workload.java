package io.solaster.operator.rollout;

import static java.util.Objects.requireNonNullElse;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.DeploymentBuilder;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.api.model.apps.StatefulSetBuilder;
import io.solaster.operator.apply.Names;
import io.solaster.operator.apply.Revision;
import io.solaster.operator.plan.ServicePlan;
import io.solaster.operator.plan.ServicePlan.ClassPlan;
import io.solaster.operator.rollout.RolloutState.Good;
import org.jspecify.annotations.Nullable;

/**
 * A workload as the spec wants it. Immutable.
 *
 * @param object the StatefulSet or Deployment
 * @param topologyClass the label of its pods
 * @param replicas how many pods it should have
 * @param wanted what its pods are to be made from, by name
 */
record Workload(HasMetadata object, String topologyClass, int replicas, Good wanted) {
    /** On a Deployment: how many of its pods the canary has. */
    static final String LENT = "solaster.io/lent";
    /** On pods and the Deployment of a canary. */
    static final String TRACK = "solaster.io/track";
    static final String CANARY = "canary";

    /** Null if it is no workload. */
    static @Nullable Workload of(HasMetadata object, ServicePlan plan) {
        PodTemplateSpec template = Revision.template(object);
        if (template == null) {
            return null;
        }
        Integer replicas = object instanceof StatefulSet set
                ? set.getSpec().getReplicas()
                : ((Deployment) object).getSpec().getReplicas();
        String topologyClass = object.getMetadata().getLabels().getOrDefault(Names.CLASS, "");
        int cpus = 0;
        int shards = 0;
        for (ClassPlan each : plan.classes()) {
            if (Names.label(each.name()).equals(topologyClass)) {
                cpus = each.podCpus();
                shards = each.shards();
            }
        }
        PodTemplateSpec named = Revision.named(template);
        return new Workload(object, topologyClass, requireNonNullElse(replicas, 0),
                new Good(Revision.of(named), cpus, shards, named));
    }

    String name() {
        return object.getMetadata().getName();
    }

    String revision() {
        return wanted.revision();
    }

    boolean stateful() {
        return object instanceof StatefulSet;
    }

    /** The same with pods of this revision; itself where it has them, since most looks find nothing else. */
    @SuppressWarnings("ReferenceEquality")
    HasMetadata with(Good pods) {
        if (pods.template() == Revision.template(object)) {
            return object;
        }
        return object instanceof StatefulSet set
                ? new StatefulSetBuilder(set).editSpec().withTemplate(pods.template()).endSpec().build()
                : new DeploymentBuilder((Deployment) object).editSpec().withTemplate(pods.template()).endSpec()
                        .build();
    }

    /** A StatefulSet whose last pods alone are of the wanted revision. */
    HasMetadata partitioned(int canaries) {
        return new StatefulSetBuilder((StatefulSet) with(wanted)).editSpec().editUpdateStrategy()
                .withNewRollingUpdate().withPartition(Math.max(0, replicas - canaries)).endRollingUpdate()
                .endUpdateStrategy().endSpec().build();
    }

    /** A Deployment with pods of this revision, of which the canary has some. */
    HasMetadata lending(Good pods, int lent) {
        if (lent == 0) {
            return with(pods);
        }
        return new DeploymentBuilder((Deployment) with(pods)).editMetadata()
                .addToAnnotations(LENT, String.valueOf(lent)).endMetadata().editSpec().withReplicas(replicas - lent)
                .endSpec().build();
    }

    /** Beside a Deployment, pods of the wanted revision. */
    HasMetadata canary(int canaries) {
        return new DeploymentBuilder((Deployment) with(wanted)).editMetadata()
                .withName(name() + "-" + CANARY).addToLabels(TRACK, CANARY).endMetadata().editSpec()
                .withReplicas(canaries).editSelector().addToMatchLabels(TRACK, CANARY).endSelector().editTemplate()
                .editMetadata().addToLabels(TRACK, CANARY).endMetadata().endTemplate().endSpec().build();
    }
}
