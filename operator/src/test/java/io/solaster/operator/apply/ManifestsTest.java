package io.solaster.operator.apply;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceClaimTemplate;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.check.ConfigBinder;
import io.solaster.config.plan.Fingerprint;
import io.solaster.operator.Objects;
import io.solaster.operator.api.Labels;
import io.solaster.operator.api.ShardedService;
import io.solaster.operator.inventory.InvalidObjectException;
import io.solaster.operator.plan.ServicePlan;
import io.solaster.operator.plan.ServicePlan.ClassPlan;
import io.solaster.operator.plan.Verdict;
import org.junit.jupiter.api.Test;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.boot.env.YamlPropertySourceLoader;
import org.springframework.core.env.MutablePropertySources;
import org.springframework.core.io.ByteArrayResource;

/** What a service becomes in a cluster. */
class ManifestsTest {
    private static final long GIB = 1L << 30;

    @Test
    void everyTopologyClassHasAWorkloadOfItsOwn() {
        List<HasMetadata> all = Manifests.of(service("image: kv\nshards: {count: 8}\n"),
                plan(classPlan("big", 2, 9), classPlan("small", 1, 8), classPlan("none", 0, 8)), false);
        assertThat(all.stream().filter(StatefulSet.class::isInstance).map(each -> each.getMetadata().getName()))
                .containsExactly("kv-big", "kv-small");
        assertThat(all).allSatisfy(each -> {
            assertThat(each.getMetadata().getOwnerReferences()).hasSize(1);
            assertThat(each.getMetadata().getLabels()).containsEntry(ShardedService.LABEL, "kv");
        });
    }

    @Test
    void everyContainerIsGuaranteedAndItsCpusAreWhole() {
        PodSpec pod = pod("image: kv\nshards: {count: 8}\nmemory: {hugePages: 512Mi}\n");
        assertThat(pod.getContainers()).hasSize(1);
        ResourceRequirements resources = pod.getContainers().getFirst().getResources();
        assertThat(resources.getLimits()).isEqualTo(resources.getRequests())
                .isEqualTo(Map.of("cpu", new Quantity("9"), "memory", new Quantity("8Gi"), "hugepages-2Mi",
                        new Quantity("4Gi")));
        assertThat(pod.getResources()).as("pod-level resources switch pinning off").isNull();
    }

    @Test
    void theJvmAndTheEngineAreToldThePlan() {
        Container container = pod("image: kv\nshards: {count: 8}\nmemory: {heapShare: 0.25}\n"
                + "env: [{name: JAVA_TOOL_OPTIONS, value: -XX:+UseZGC}, {name: MINE, value: x}]\n").getContainers()
                .getFirst();
        assertThat(value(container, "SOLASTER_ENGINE_SHARDS")).isEqualTo("8");
        assertThat(value(container, "MINE")).isEqualTo("x");
        assertThat(value(container, "JAVA_TOOL_OPTIONS")).contains("-Xmx2048m").contains("-Xms2048m")
                .contains("-XX:ActiveProcessorCount=9").contains("--add-opens=java.base/java.lang=ALL-UNNAMED")
                .contains("-XX:+UseLargePages").endsWith("-XX:+UseZGC");
    }

    @Test
    void whatThePlanSetsCannotBeSetBeside() {
        assertThatThrownBy(
                () -> pod("image: kv\nshards: {count: 8}\nenv: [{name: SOLASTER_ENGINE_SHARDS, value: '4'}]\n"))
                .isInstanceOf(InvalidObjectException.class).hasMessageContaining("SOLASTER_ENGINE_SHARDS")
                .hasMessageContaining("remove it");
        assertThatThrownBy(() -> pod("shards: {count: 8}\n")).hasMessageContaining("spec.image is missing");
    }

    @Test
    void podsMeetTheRestrictedStandardUnlessToldOtherwise() {
        PodSpec pod = pod("image: kv\nshards: {count: 8}\n");
        assertThat(pod.getSecurityContext().getRunAsNonRoot()).isTrue();
        assertThat(pod.getSecurityContext().getSeccompProfile().getType()).isEqualTo("RuntimeDefault");
        assertThat(pod.getContainers().getFirst().getSecurityContext().getAllowPrivilegeEscalation()).isFalse();
        assertThat(pod.getContainers().getFirst().getSecurityContext().getCapabilities().getDrop())
                .containsExactly("ALL");
        assertThat(pod.getAutomountServiceAccountToken()).isFalse();
        PodSpec own = pod("image: kv\nshards: {count: 8}\npodSecurityContext: {fsGroup: 7, seccompProfile:"
                + " {type: Localhost, localhostProfile: io-uring.json}}\n");
        assertThat(own.getSecurityContext().getSeccompProfile().getType()).isEqualTo("Localhost");
        assertThat(own.getSecurityContext().getFsGroup()).isEqualTo(7);
        assertThat(own.getSecurityContext().getRunAsNonRoot()).isTrue();
    }

    @Test
    void probesAskActuatorOnItsOwnPort() {
        Container container = pod("image: kv\nshards: {count: 8}\nports: [{name: management, containerPort: 9000}]\n")
                .getContainers().getFirst();
        assertThat(container.getPorts()).hasSize(1);
        assertThat(value(container, "MANAGEMENT_SERVER_PORT")).isEqualTo("9000");
        assertThat(container.getReadinessProbe().getHttpGet().getPath()).isEqualTo("/actuator/health/readiness");
        assertThat(container.getLivenessProbe().getHttpGet().getPort().getStrVal()).isEqualTo("management");
    }

    @Test
    void theConfigurationIsReadFromItsFileAsItWasWritten() throws Exception {
        ConfigMap map = only(ConfigMap.class,
                "image: kv\nshards: {count: 8}\nconfig: {solaster: {engine: {transport: nio,"
                        + " groups: {reports: {shares: 50}}}, servers: {kv: {protocol: resp, port: 6379, host: 0.0.0.0}}}}\n");
        MutablePropertySources sources = new MutablePropertySources();
        new YamlPropertySourceLoader()
                .load("application", new ByteArrayResource(map.getData().get("application.yml").getBytes()))
                .forEach(sources::addLast);
        var config = ConfigBinder.bind(new Binder(ConfigurationPropertySources.from(sources)));
        assertThat(config.engine().transport()).isEqualTo(Transport.NIO);
        assertThat(config.engine().groups().get("reports").shares()).isEqualTo(50);
        assertThat(config.servers().get("kv").port()).isEqualTo(6379);
    }

    @Test
    void onlyKeysThatNeedARestartReplacePodsUnlessAllAreTo() {
        String spec = "image: kv\nshards: {count: 8}\nconfig: {solaster: {engine: {task-quota: %s, transport: %s}}}\n";
        String hash = hash(spec.formatted("500us", "epoll"));
        assertThat(hash(spec.formatted("250us", "epoll"))).isEqualTo(hash);
        assertThat(hash(spec.formatted("500us", "nio"))).isNotEqualTo(hash);
        String cold = spec + "rollout: {hotReload: false}\n";
        assertThat(hash(cold.formatted("250us", "epoll"))).isNotEqualTo(hash(cold.formatted("500us", "epoll")));
    }

    @Test
    void volumesOfAStatefulSetAreMountedAndKept() {
        StatefulSet set = only(StatefulSet.class, """
                image: kv
                shards: {count: 8}
                volumeClaimTemplates:
                - metadata: {name: data}
                  spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
                """);
        assertThat(set.getSpec().getPersistentVolumeClaimRetentionPolicy().getWhenDeleted()).isEqualTo("Retain");
        assertThat(set.getSpec().getServiceName()).isEqualTo("kv-headless");
        assertThat(set.getSpec().getTemplate().getSpec().getContainers().getFirst().getVolumeMounts())
                .anyMatch(mount -> mount.getName().equals("data") && mount.getMountPath().equals("/data/data"))
                .noneMatch(mount -> mount.getSubPath() != null);
    }

    @Test
    void aDeploymentSurgesAndADriverGetsClaims() {
        String spec = "workload: Deployment\nimage: kv\nshards: {count: 8}\nrollout: {surge: 2}\n"
                + "placement: {backend: DRA}\n";
        Deployment deployment = only(Deployment.class, spec);
        assertThat(deployment.getSpec().getStrategy().getRollingUpdate().getMaxSurge().getIntVal()).isEqualTo(2);
        assertThat(deployment.getSpec().getTemplate().getSpec().getResourceClaims().getFirst()
                .getResourceClaimTemplateName()).isEqualTo("kv-big");
        ResourceClaimTemplate claim = only(ResourceClaimTemplate.class, spec);
        assertThat(claim.getSpec().getSpec().getDevices().getRequests().getFirst().getExactly().getCapacity()
                .getRequests()).containsEntry("dra.cpu/cpu", new Quantity("9"));
    }

    @Test
    void everyoneMayCallTheServiceAndPodsAloneActuator() {
        NetworkPolicy policy = only(NetworkPolicy.class,
                "image: kv\nshards: {count: 8}\nports: [{name: resp, containerPort: 6379}]\n");
        assertThat(policy.getSpec().getIngress()).hasSize(2);
        assertThat(policy.getSpec().getIngress().get(0).getFrom()).isEmpty();
        assertThat(policy.getSpec().getIngress().get(0).getPorts().getFirst().getPort().getIntVal()).isEqualTo(6379);
        assertThat(policy.getSpec().getIngress().get(1).getFrom()).hasSize(1);
        assertThat(policy.getSpec().getIngress().get(1).getPorts().getFirst().getPort().getIntVal()).isEqualTo(8081);
    }

    @Test
    void monitorsAreMadeWhereTheClusterKnowsThem() {
        List<HasMetadata> all = Manifests.of(service("image: kv\nshards: {count: 8}\n"), plan(classPlan("big", 1, 9)),
                true);
        assertThat(all).filteredOn(GenericKubernetesResource.class::isInstance)
                .singleElement().extracting(HasMetadata::getKind).isEqualTo("ServiceMonitor");
    }

    @Test
    void longNamesStayUniqueAndWithinBounds() {
        String one = Names.workload("a".repeat(40), "a-topology-class-with-a-long-name-1");
        String other = Names.workload("a".repeat(40), "a-topology-class-with-a-long-name-2");
        assertThat(one).hasSizeLessThanOrEqualTo(52).isNotEqualTo(other);
        assertThat(Labels.aside("n".repeat(60), "service").substring("aside.solaster.io/".length()))
                .hasSizeLessThanOrEqualTo(63);
        assertThatThrownBy(() -> {
            ShardedService service = service("image: kv\nshards: {count: 8}\n");
            service.getMetadata().setName("a".repeat(41));
            Manifests.of(service, plan(classPlan("big", 1, 9)), false);
        }).hasMessageContaining("41 characters");
    }

    private static String hash(String spec) {
        return only(StatefulSet.class, spec).getSpec().getTemplate().getMetadata().getAnnotations()
                .get("solaster.io/config");
    }

    private static String value(Container container, String name) {
        return container.getEnv().stream().filter(env -> env.getName().equals(name)).findFirst().orElseThrow()
                .getValue();
    }

    private static PodSpec pod(String spec) {
        return only(StatefulSet.class, spec).getSpec().getTemplate().getSpec();
    }

    private static <T extends HasMetadata> T only(Class<T> type, String spec) {
        return Manifests.of(service(spec), plan(classPlan("big", 1, 9)), false).stream().filter(type::isInstance)
                .map(type::cast).findFirst().orElseThrow();
    }

    private static ShardedService service(String spec) {
        ShardedService service = Objects.service(spec);
        service.getMetadata().setUid("uid");
        return service;
    }

    @Test
    void objectsAreMadeAnewOnlyWhereSomethingHasChanged() {
        RememberedManifests remembered = new RememberedManifests();
        ShardedService service = service("image: kv\nshards: {count: 8}\n");
        service.getMetadata().setGeneration(1L);
        List<HasMetadata> first = remembered.of(service, plan(classPlan("two", 2, 9)), false, Names::selector);
        assertThat(remembered.of(service, plan(classPlan("two", 2, 9)), false, Names::selector)).isSameAs(first);
        List<HasMetadata> more = remembered.of(service, plan(classPlan("two", 3, 9)), false, Names::selector);
        assertThat(more).isNotEqualTo(first);
        assertThat(remembered.of(service, plan(classPlan("two", 3, 9)), false, name -> Map.of("pool", name)))
                .isNotEqualTo(more);
        ShardedService changed = service("image: other\nshards: {count: 8}\n");
        changed.getMetadata().setGeneration(2L);
        assertThat(remembered.of(changed, plan(classPlan("two", 3, 9)), false, Names::selector)).isNotEqualTo(more);
        remembered.forget(each -> each.equals("shop/kv"));
        assertThat(remembered.of(service, plan(classPlan("two", 2, 9)), false, Names::selector)).isNotSameAs(first)
                .isEqualTo(first);
    }

    /** Another name would replace all pods. */
    @Test
    void theNameOfPodsGoesByWhatStandsThereInTheOrderOfTheAlphabet() throws JsonProcessingException {
        ShardedService service = service("image: kv\nshards: {count: 8}\npod: {annotations: {z: a, a: z}}\n");
        PodTemplateSpec template = Revision.template(new RememberedManifests()
                .of(service, plan(classPlan("two", 2, 9)), false, Names::selector).getLast());
        String name = Revision.of(template);
        template.getMetadata().getAnnotations().remove(Names.REVISION);
        ObjectMapper sorted = JsonMapper.builder().enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS).build();
        assertThat(name).hasSize(10).isEqualTo(Fingerprint
                .of(sorted.writeValueAsString(sorted.convertValue(template, Map.class))).substring(0, 10));
        assertThat(Revision.of(Revision.named(template))).isEqualTo(name);
    }

    private static ServicePlan plan(ClassPlan... classes) {
        return new ServicePlan("shop", "kv", Verdict.Feasible, "hash", 1, 0, 1, 0, Verdict.Feasible, List.of(),
                List.of(classes));
    }

    private static ClassPlan classPlan(String name, int replicas, int cpus) {
        return new ClassPlan(name, "Declared", 1, cpus, 8 * GIB, 4 * GIB, 8, 1, replicas, 4, 4, 4, 0, List.of(),
                List.of(), List.of());
    }
}
