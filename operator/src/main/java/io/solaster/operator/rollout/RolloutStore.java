package io.solaster.operator.rollout;

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
import io.solaster.operator.api.ShardedService;
import io.solaster.operator.apply.Names;
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
    private final ObjectMapper mapper = JsonMapper.builder().addModule(new JavaTimeModule())
            .disable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS)
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES).build();
    private final Map<String, RolloutState> known = new ConcurrentHashMap<>();

    RolloutStore(KubernetesClient client) {
        this.client = client;
    }

    /** What was written last; nothing of another service that had the same name. */
    RolloutState read(ShardedService service) {
        String uid = uid(service);
        RolloutState state = known.get(key(service));
        if (state == null) {
            state = stored(service);
        }
        if (!state.service().equals(uid)) {
            state = RolloutState.of(uid);
        }
        known.put(key(service), state);
        return state;
    }

    private RolloutState stored(ShardedService service) {
        ConfigMap map = client.configMaps().inNamespace(service.getMetadata().getNamespace()).withName(name(service))
                .get();
        String json = map == null || map.getData() == null ? null : map.getData().get(KEY);
        if (json != null) {
            try {
                return mapper.readValue(json, RolloutState.class);
            } catch (JsonProcessingException e) {
                LOG.warn("{}: ConfigMap {} cannot be read, and is begun anew: {}", key(service), name(service),
                        e.getOriginalMessage());
            }
        }
        return RolloutState.of(uid(service));
    }

    /** Writes a state unless it is what was written last. */
    void write(ShardedService service, RolloutState state) {
        if (state.equals(known.get(key(service)))) {
            return;
        }
        try {
            ConfigMap map = new ConfigMapBuilder().withNewMetadata().withName(name(service))
                    .withNamespace(service.getMetadata().getNamespace())
                    .addToLabels("app.kubernetes.io/managed-by", Names.MANAGER).addNewOwnerReference()
                    .withApiVersion(service.getApiVersion()).withKind(service.getKind())
                    .withName(service.getMetadata().getName()).withUid(service.getMetadata().getUid())
                    .withController(true).withBlockOwnerDeletion(true).endOwnerReference().endMetadata()
                    .withData(Map.of(KEY, mapper.writeValueAsString(state))).build();
            client.resource(map).fieldManager(Names.MANAGER).forceConflicts().serverSideApply();
        } catch (JsonProcessingException e) {
            throw new AssertionError(e);
        }
        known.put(key(service), state);
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
