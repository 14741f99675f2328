package io.solaster.pool.discovery;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

import io.fabric8.kubernetes.api.model.ObjectReference;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointConditions;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointPort;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import io.solaster.config.pool.DiscoveryConfig;
import io.solaster.engine.ShardFuture;
import io.solaster.pool.Endpoint;
import org.jspecify.annotations.Nullable;

/**
 * The pods of a Kubernetes Service, by its EndpointSlices, which are listed once and then watched; lost watches and
 * histories that have run out are Fabric8's to mend. Pods that are ready take requests; where none is, those do that
 * still serve while they end. Needs {@code io.fabric8:kubernetes-client}. Any thread.
 */
public final class KubernetesDiscovery implements Discovery {
    private static final String SERVICE = "kubernetes.io/service-name";

    private final KubernetesClient client;
    private final DiscoveryConfig config;
    private final String service;
    private final String namespace;
    private @Nullable SharedIndexInformer<EndpointSlice> informer;
    private @Nullable List<Endpoint> last;
    private boolean closed;

    /**
     * Asks nobody yet.
     *
     * @param client stays open when this is closed; its namespace holds where none is configured
     */
    public KubernetesDiscovery(KubernetesClient client, DiscoveryConfig config) {
        this.client = client;
        this.config = config;
        this.service = Objects.requireNonNull(config.name(), "name");
        String own = client.getNamespace();
        this.namespace = config.namespace() != null ? config.namespace() : own != null ? own : "default";
    }

    @Override
    public String name() {
        return "kubernetes " + namespace + "/" + service;
    }

    @Override
    public synchronized void start(Listener listener) {
        SharedIndexInformer<EndpointSlice> slices = client.discovery().v1().endpointSlices().inNamespace(namespace)
                .withLabel(SERVICE, service).runnableInformer(0);
        informer = slices;
        slices.exceptionHandler((started, failure) -> {
            tell(listener, failure);
            return true;
        });
        slices.addEventHandler(new ResourceEventHandler<>() {
            @Override
            public void onAdd(EndpointSlice added) {
                look(listener);
            }

            @Override
            public void onUpdate(EndpointSlice before, EndpointSlice after) {
                look(listener);
            }

            @Override
            public void onDelete(EndpointSlice deleted, boolean unknown) {
                look(listener);
            }
        });
        slices.start().whenComplete((done, failure) -> {
            if (failure != null) {
                tell(listener, failure);
            } else {
                look(listener);
            }
        });
    }

    private synchronized void look(Listener listener) {
        if (closed || informer == null || !informer.hasSynced()) {
            // Of a list that is half read, the rest would seem to be gone.
            return;
        }
        List<Endpoint> now = endpoints(informer.getStore().list(), config.port());
        if (!now.equals(last)) {
            last = now;
            listener.found(now);
        }
    }

    private synchronized void tell(Listener listener, Throwable failure) {
        if (!closed) {
            listener.failed(ShardFuture.causeOf(failure));
        }
    }

    /**
     * The endpoints in slices.
     *
     * @param port which of the ports of a pod; 0 for the first
     */
    static List<Endpoint> endpoints(List<EndpointSlice> slices, int port) {
        Map<String, Endpoint> ready = new LinkedHashMap<>();
        Map<String, Endpoint> ending = new LinkedHashMap<>();
        // A pod of two families stands in two slices, and is one place: its IPv4 address is taken.
        Map<String, String> families = new HashMap<>();
        List<EndpointSlice> ordered = slices.stream()
                .sorted(Comparator.comparing(slice -> String.valueOf(slice.getAddressType()))).toList();
        for (EndpointSlice slice : ordered) {
            int to = port(slice.getPorts(), port);
            if (to == 0 || slice.getEndpoints() == null) {
                continue;
            }
            for (var each : slice.getEndpoints()) {
                // All addresses of one are the same pod: the first stands for it.
                if (each.getAddresses() == null || each.getAddresses().isEmpty()) {
                    continue;
                }
                if (isOfAnotherFamily(each.getTargetRef(), String.valueOf(slice.getAddressType()), families)) {
                    continue;
                }
                Endpoint endpoint = new Endpoint(each.getAddresses().getFirst(), to, 1, 0, each.getZone(), -1);
                EndpointConditions conditions = each.getConditions();
                if (conditions == null || !Boolean.FALSE.equals(conditions.getReady())) {
                    ready.put(endpoint.address(), endpoint);
                } else if (Boolean.TRUE.equals(conditions.getServing())
                        && Boolean.TRUE.equals(conditions.getTerminating())) {
                    ending.put(endpoint.address(), endpoint);
                }
            }
        }
        return (ready.isEmpty() ? ending : ready).values().stream().sorted(Comparator.comparing(Endpoint::address))
                .toList();
    }

    private static boolean isOfAnotherFamily(@Nullable ObjectReference pod, String family,
            Map<String, String> families) {
        if (pod == null) {
            return false;
        }
        String which = pod.getUid() != null ? pod.getUid() : pod.getKind() + " " + pod.getName();
        String known = families.putIfAbsent(which, family);
        return known != null && !known.equals(family);
    }

    /** Slices tell the ports of pods, not of the Service. */
    private static int port(@Nullable List<EndpointPort> ports, int wanted) {
        List<Integer> tcp = new ArrayList<>();
        for (EndpointPort port : ports == null ? List.<EndpointPort>of() : ports) {
            if (port.getPort() != null && (port.getProtocol() == null || port.getProtocol().equals("TCP"))) {
                tcp.add(port.getPort());
            }
        }
        return wanted != 0 || tcp.isEmpty() ? wanted : tcp.getFirst();
    }

    @Override
    public synchronized void close() {
        closed = true;
        if (informer != null) {
            informer.stop();
        }
    }
}
