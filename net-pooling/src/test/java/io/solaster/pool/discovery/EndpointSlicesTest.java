package io.solaster.pool.discovery;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Stream;

import io.fabric8.kubernetes.api.model.discovery.v1.EndpointBuilder;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointPort;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointPortBuilder;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSliceBuilder;
import io.solaster.pool.Endpoint;
import org.junit.jupiter.api.Test;

/** Which endpoints are in slices. */
class EndpointSlicesTest {

    @Test
    void podsThatAreNotReadyTakeNoRequests() {
        EndpointSlice slice = new EndpointSliceBuilder(slice("orders-1")).withEndpoints(
                new EndpointBuilder().withAddresses("10.0.0.1").withNewConditions().withReady(true).endConditions()
                        .withZone("east").build(),
                new EndpointBuilder().withAddresses("10.0.0.2").withNewConditions().withReady(false).endConditions()
                        .build(),
                new EndpointBuilder().withAddresses("10.0.0.3").withNewConditions().withReady(false).withServing(true)
                        .withTerminating(true).endConditions().build(),
                new EndpointBuilder().withAddresses("10.0.0.4").build())
                .build();
        assertThat(KubernetesDiscovery.endpoints(List.of(slice), 0)).containsExactly(
                new Endpoint("10.0.0.1", 8080, 1, 0, "east", -1), Endpoint.of("10.0.0.4", 8080));
    }

    @Test
    void aPodOfTwoFamiliesIsOneEndpoint() {
        EndpointSlice six = new EndpointSliceBuilder(slice("orders-6")).withAddressType("IPv6").withEndpoints(
                pod("a", "fd00::1"), pod("b", "fd00::2")).build();
        EndpointSlice four = new EndpointSliceBuilder(slice("orders-4")).withEndpoints(pod("a", "10.0.0.1")).build();
        assertThat(KubernetesDiscovery.endpoints(List.of(six, four), 0)).containsExactly(
                Endpoint.of("10.0.0.1", 8080), Endpoint.of("fd00::2", 8080));
    }

    private static io.fabric8.kubernetes.api.model.discovery.v1.Endpoint pod(String uid, String address) {
        return new EndpointBuilder().withAddresses(address).withNewTargetRef().withKind("Pod").withName("pod-" + uid)
                .withUid(uid).endTargetRef().build();
    }

    @Test
    void whereNoneIsReadyThoseThatStillServeDo() {
        EndpointSlice slice = new EndpointSliceBuilder(slice("orders-1")).withEndpoints(
                new EndpointBuilder().withAddresses("10.0.0.1").withNewConditions().withReady(false).withServing(true)
                        .withTerminating(true).endConditions().build(),
                new EndpointBuilder().withAddresses("10.0.0.2").withNewConditions().withReady(false).withServing(false)
                        .withTerminating(true).endConditions().build())
                .build();
        assertThat(KubernetesDiscovery.endpoints(List.of(slice), 0)).containsExactly(Endpoint.of("10.0.0.1", 8080));
    }

    @Test
    void thePortIsThatOfThePodAndMayBeChosen() {
        Function<Integer, List<String>> with = port -> KubernetesDiscovery
                .endpoints(List.of(of("orders", "orders-1", List.of(port(8080), port(9090)), "10.0.0.1")), port)
                .stream()
                .map(Endpoint::address).toList();
        assertThat(with.apply(0)).containsExactly("10.0.0.1:8080");
        assertThat(with.apply(9090)).containsExactly("10.0.0.1:9090");
        assertThat(KubernetesDiscovery.endpoints(List.of(of("orders", "orders-1", List.of(), "10.0.0.1")), 7))
                .as("a headless Service without ports").containsExactly(Endpoint.of("10.0.0.1", 7));
        assertThat(KubernetesDiscovery.endpoints(List.of(of("orders", "orders-1", List.of(), "10.0.0.1")), 0))
                .isEmpty();
    }

    @Test
    void slicesOfBothFamiliesAreTaken() {
        assertThat(KubernetesDiscovery.endpoints(List.of(slice("a", "10.0.0.1"), slice("b", "fd00::1")), 0))
                .extracting(Endpoint::address).containsExactly("10.0.0.1:8080", "[fd00::1]:8080");
    }

    static EndpointSlice slice(String name, String... addresses) {
        return of("orders", name, List.of(port(8080)), addresses);
    }

    static EndpointPort port(int port) {
        return new EndpointPortBuilder().withPort(port).withProtocol("TCP").build();
    }

    static EndpointSlice of(String service, String name, List<EndpointPort> ports, String... addresses) {
        return new EndpointSliceBuilder().withNewMetadata().withName(name)
                .withLabels(Map.of("kubernetes.io/service-name", service)).endMetadata().withAddressType("IPv4")
                .withPorts(ports)
                .withEndpoints(Stream.of(addresses)
                        .map(address -> new EndpointBuilder().withAddresses(address).withNewConditions().withReady(true)
                                .endConditions().build())
                        .toList())
                .build();
    }
}
