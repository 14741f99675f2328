package io.solaster.operator.reconcile;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.PodStatusBuilder;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.DeploymentStatusBuilder;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.api.model.apps.StatefulSetStatusBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.solaster.operator.Objects;
import io.solaster.operator.apply.Names;

/**
 * What the controllers of StatefulSets and Deployments do, and a kubelet that lets all pods run: one round at a call, as
 * far as it goes. Like the real one, it waits for a pod of a StatefulSet that is not ready instead of replacing it.
 */
final class FakeWorkloads {
    private final KubernetesClient client;
    private final Map<String, PodTemplateSpec> current = new HashMap<>();
    private int made;
    /** Revisions whose pods never become ready. */
    final Set<String> broken = ConcurrentHashMap.newKeySet();
    /** Whether pods of every revision that comes now are broken. */
    boolean breaks;

    FakeWorkloads(KubernetesClient client) {
        this.client = client;
    }

    static String revision(Pod pod) {
        return pod.getMetadata().getAnnotations().get(Names.REVISION);
    }

    private static String revision(PodTemplateSpec template) {
        return template.getMetadata().getAnnotations().get(Names.REVISION);
    }

    List<Pod> pods() {
        return client.pods().inNamespace("shop").list().getItems();
    }

    void run() {
        for (StatefulSet set : client.apps().statefulSets().inNamespace("shop").list().getItems()) {
            run(set);
        }
        Map<String, Deployment> deployments = new TreeMap<>();
        client.apps().deployments().inNamespace("shop").list().getItems()
                .forEach(each -> deployments.put(each.getMetadata().getName(), each));
        for (Pod pod : pods()) {
            String owner = pod.getMetadata().getLabels().get("owner");
            if (owner != null && !deployments.containsKey(owner)) {
                delete(pod);
            }
        }
        deployments.values().forEach(this::run);
    }

    private void run(StatefulSet set) {
        String name = set.getMetadata().getName();
        PodTemplateSpec update = set.getSpec().getTemplate();
        Integer from = set.getSpec().getUpdateStrategy().getRollingUpdate() == null
                ? null
                : set.getSpec().getUpdateStrategy().getRollingUpdate().getPartition();
        int partition = from == null ? 0 : from;
        boolean all = true;
        for (int i = set.getSpec().getReplicas() - 1; i >= 0; i--) {
            PodTemplateSpec wanted = i >= partition ? update : current.getOrDefault(name, update);
            Pod pod = client.pods().inNamespace("shop").withName(name + "-" + i).get();
            if (pod == null) {
                all &= make(name + "-" + i, wanted, Map.of(), set);
            } else if (!ready(pod)) {
                all = false;
                break;
            } else if (i >= partition && !revision(update).equals(revision(pod))) {
                delete(pod);
                all &= make(name + "-" + i, wanted, Map.of(), set);
                if (!all) {
                    break;
                }
            }
        }
        for (Pod pod : pods()) {
            String own = pod.getMetadata().getName();
            if (own.startsWith(name + "-")
                    && Integer.parseInt(own.substring(name.length() + 1)) >= set.getSpec().getReplicas()) {
                delete(pod);
            }
        }
        if (all && partition == 0) {
            current.put(name, update);
        }
        client.apps().statefulSets().inNamespace("shop").withName(name).editStatus(there -> {
            there.setStatus(new StatefulSetStatusBuilder().withReplicas(there.getSpec().getReplicas())
                    .withReadyReplicas(ready(name + "-")).build());
            return there;
        });
    }

    private void run(Deployment deployment) {
        String name = deployment.getMetadata().getName();
        PodTemplateSpec template = deployment.getSpec().getTemplate();
        Map<String, String> owner = Map.of("owner", name);
        List<Pod> own = client.pods().inNamespace("shop").withLabels(owner).list().getItems();
        List<Pod> fresh = own.stream().filter(pod -> revision(template).equals(revision(pod))).toList();
        int replicas = deployment.getSpec().getReplicas();
        boolean all = fresh.stream().allMatch(FakeWorkloads::ready);
        for (int i = fresh.size(); i < replicas && all; i++) {
            all = make(name + "-" + made++, template, owner, deployment);
        }
        for (int i = replicas; i < fresh.size(); i++) {
            delete(fresh.get(i));
        }
        if (all) {
            own.stream().filter(pod -> !fresh.contains(pod)).forEach(this::delete);
        }
        client.apps().deployments().inNamespace("shop").withName(name).editStatus(there -> {
            there.setStatus(new DeploymentStatusBuilder().withReplicas(replicas)
                    .withReadyReplicas((int) client.pods().inNamespace("shop").withLabels(owner).list().getItems()
                            .stream().filter(FakeWorkloads::ready).count())
                    .build());
            return there;
        });
    }

    private int ready(String prefix) {
        return (int) pods().stream().filter(pod -> pod.getMetadata().getName().startsWith(prefix) && ready(pod))
                .count();
    }

    /** Whether a pod is no more: one that is to go ends at once. */
    boolean ended(String name) {
        Pod pod = client.pods().inNamespace("shop").withName(name).get();
        if (pod != null && pod.getMetadata().getDeletionTimestamp() != null) {
            delete(pod);
        }
        return pod == null;
    }

    private void delete(Pod pod) {
        client.resource(pod).withGracePeriod(0).delete();
    }

    private boolean make(String name, PodTemplateSpec template, Map<String, String> more, HasMetadata workload) {
        Map<String, String> labels = new TreeMap<>(template.getMetadata().getLabels());
        labels.putAll(more);
        Pod pod = client.resource(Objects.owned(new PodBuilder().withNewMetadata().withName(name)
                .withNamespace("shop").withLabels(labels).withAnnotations(template.getMetadata().getAnnotations())
                .endMetadata().withSpec(template.getSpec()).editSpec().withNodeName("a").endSpec().build(), workload))
                .create();
        if (breaks) {
            broken.add(revision(template));
        }
        boolean ready = !broken.contains(revision(template));
        status(pod, ready, 0);
        return ready;
    }

    void status(Pod pod, boolean ready, int restarts) {
        pod.setStatus(new PodStatusBuilder().withPhase("Running").withQosClass("Guaranteed").withPodIP("127.0.0.1")
                .addNewCondition().withType("Ready").withStatus(ready ? "True" : "False").endCondition()
                .addNewContainerStatus().withName("service").withRestartCount(restarts).withNewState()
                .withNewRunning().endRunning().endState().endContainerStatus().build());
        client.resource(pod).updateStatus();
    }

    private static boolean ready(Pod pod) {
        return pod.getStatus().getConditions().stream()
                .anyMatch(each -> each.getType().equals("Ready") && each.getStatus().equals("True"));
    }
}
