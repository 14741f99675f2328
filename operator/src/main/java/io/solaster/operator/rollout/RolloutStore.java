package io.solaster.operator.rollout;

import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.solaster.operator.api.ShardedService;
import io.solaster.operator.apply.ApplyException;
import io.solaster.operator.apply.Names;
import io.solaster.operator.apply.ServerSideApply;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the states of rollouts: in the ConfigMap {@code <service>-rollout}, and what was written last in memory, since
 * only the operator that leads writes it. It has no label of the service, so that nobody watches or repairs it. Any
 * thread, one at a time for each service.
 */
final class RolloutStore {
    private static final Logger LOG = LoggerFactory.getLogger(RolloutStore.class);
    private static final String KEY = "state.json";
    private static final String SUFFIX = "-rollout";

    private final KubernetesClient client;
    private final InstantSource clock;
    private final ObjectMapper mapper = JsonMapper.builder().addModule(new JavaTimeModule())
            .disable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS)
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES).build();
    private final ServerSideApply server;
    private final Map<String, Known> known = new ConcurrentHashMap<>();

    /**
     * What was read or written last.
     *
     * @param map the ConfigMap as it was then; null if there was none
     * @param trouble why it could not be kept in the cluster; null if it was
     */
    private record Known(RolloutState state, @Nullable ConfigMap map, @Nullable ApplyException trouble) {}

    RolloutStore(KubernetesClient client, InstantSource clock) {
        this.client = client;
        this.clock = clock;
        server = new ServerSideApply(client);
    }

    /** Why a service's state is kept in memory alone; null if it is not. */
    @Nullable
    ApplyException trouble(ShardedService service) {
        Known last = known.get(key(service));
        return last == null ? null : last.trouble();
    }

    /** What was written last; nothing of another service that had the same name. */
    RolloutState read(ShardedService service) {
        Known last = known.get(key(service));
        if (last == null) {
            last = stored(service);
        }
        if (!last.state().service().equals(uid(service))) {
            last = new Known(RolloutState.of(uid(service)), last.map(), last.trouble());
        }
        known.put(key(service), last);
        return last.state();
    }

    private Known stored(ShardedService service) {
        ConfigMap map = client.configMaps().inNamespace(service.getMetadata().getNamespace()).withName(name(service))
                .get();
        RolloutState none = RolloutState.of(uid(service));
        if (map == null) {
            return new Known(none, null, null);
        }
        String json = map.getData() == null ? null : map.getData().get(KEY);
        map.setData(Map.of());
        try {
            ServerSideApply.check(service, map);
            // By the clock of whoever wrote it, which may be an hour off: here, what is under way has all its time.
            return new Known(
                    json == null ? none : mapper.readValue(json, RolloutState.class).at(clock.instant()), map, null);
        } catch (ApplyException e) {
            return new Known(none, map, e);
        } catch (JsonProcessingException e) {
            LOG.warn("{}: ConfigMap {} cannot be read, and is begun anew: {}", key(service), name(service),
                    e.getOriginalMessage());
            return new Known(none, map, null);
        }
    }

    /** Writes a state unless it is what was written last. */
    void write(ShardedService service, RolloutState state) {
        Known last = known.get(key(service));
        if (last != null && last.trouble() == null && state.equals(last.state())) {
            return;
        }
        ConfigMap there = last == null ? null : last.map();
        known.put(key(service), kept(service, state, there));
    }

    /** What cannot be kept in the cluster, since somebody else has a ConfigMap of that name, say, holds up no pods. */
    private Known kept(ShardedService service, RolloutState state, @Nullable ConfigMap there) {
        try {
            ConfigMap map = new ConfigMapBuilder().withNewMetadata().withName(name(service))
                    .withNamespace(service.getMetadata().getNamespace())
                    .addToLabels("app.kubernetes.io/managed-by", Names.MANAGER)
                    .addToAnnotations(Names.APPLIED, KEY).addNewOwnerReference()
                    .withApiVersion(service.getApiVersion()).withKind(service.getKind())
                    .withName(service.getMetadata().getName()).withUid(service.getMetadata().getUid())
                    .withController(true).withBlockOwnerDeletion(true).endOwnerReference().endMetadata()
                    .withData(Map.of(KEY, mapper.writeValueAsString(state))).build();
            ConfigMap now = (ConfigMap) server.apply(service, map, there);
            // Whose it is, its owner tells.
            now.setData(Map.of());
            now.getMetadata().setManagedFields(List.of());
            return new Known(state, now, null);
        } catch (ApplyException e) {
            return new Known(state, null, e);
        } catch (KubernetesClientException e) {
            ApplyException told = new ApplyException("ConfigMap " + name(service), e);
            if (told.reason() != ApplyException.Reason.Refused) {
                throw e;
            }
            return new Known(state, null, told);
        } catch (JsonProcessingException e) {
            throw new AssertionError(e);
        }
    }

    /**
     * Forgets services.
     *
     * @param which by namespace/name
     */
    void forget(Predicate<String> which) {
        known.keySet().removeIf(which);
    }

    static String name(ShardedService service) {
        return service.getMetadata().getName() + SUFFIX;
    }

    private static String uid(ShardedService service) {
        return String.valueOf(service.getMetadata().getUid());
    }

    private static String key(ShardedService service) {
        return service.getMetadata().getNamespace() + "/" + service.getMetadata().getName();
    }
}
