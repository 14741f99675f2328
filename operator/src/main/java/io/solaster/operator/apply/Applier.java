package io.solaster.operator.apply;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiConsumer;
import java.util.function.Predicate;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.solaster.operator.api.ShardedService;
import org.jspecify.annotations.Nullable;

/**
 * Brings objects to the cluster by server-side apply, with one field manager, and only when there is something to bring:
 * it remembers what the API server made of each object, defaults filled in, and takes whatever differs from that for
 * somebody else's change. Nothing is compared with what was asked, so that defaults and other spellings of a quantity
 * never look like a change. After a restart each object is applied once, which changes nothing on the server. Any
 * thread, but one at a time per object.
 */
public final class Applier {

    /** What came of it. */
    public enum Outcome {
        /** All was as last applied: nothing was sent. */
        UNCHANGED,
        /** What is wanted was new. */
        APPLIED,
        /** Somebody else had changed or deleted it. */
        REPAIRED
    }

    /** What was asked, and what came back, as hashes; and the version of it that was last seen to be so. */
    private record Applied(String wanted, String live, String version) {}

    private static final int BYTES = 8;

    private final KubernetesClient client;
    private final ObjectMapper mapper = JsonMapper.builder().enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS)
            .enable(MapperFeature.SORT_PROPERTIES_ALPHABETICALLY).build();
    private final Map<String, Applied> last = new ConcurrentHashMap<>();
    private final BiConsumer<@Nullable HasMetadata, HasMetadata> written;

    public Applier(KubernetesClient client) {
        this(client, (before, now) -> {});
    }

    /** @param written hears of each object that it has changed: as it was, null if it is new, and as it is */
    public Applier(KubernetesClient client, BiConsumer<@Nullable HasMetadata, HasMetadata> written) {
        this.client = client;
        this.written = written;
    }

    /**
     * Applies an object unless it is as it was last applied.
     *
     * @param wanted the object, whole
     * @param cached what a cache has of it; null if it has nothing. What differs is looked up before it is believed
     * @param watched whether there is such a cache; without one, an object is only looked at when another is wanted
     */
    public Outcome apply(HasMetadata wanted, @Nullable HasMetadata cached, boolean watched) {
        String key = key(wanted);
        String hash = hash(wanted);
        Applied before = last.get(key);
        boolean same = before != null && before.wanted().equals(hash);
        boolean asApplied = before != null && cached != null && is(key, before, cached);
        if (same && (!watched || asApplied)) {
            return Outcome.UNCHANGED;
        }
        // A cache may be late: what it lacks or shows otherwise may be what was applied a moment ago.
        HasMetadata live = asApplied ? cached : client.resource(wanted).get();
        if (same && before != null && live != null && is(key, before, live)) {
            return Outcome.UNCHANGED;
        }
        boolean known = live != null && hash.equals(annotation(live, Names.APPLIED));
        String was = live == null ? "" : asApplied && before != null ? before.live() : fingerprint(live);
        wanted.getMetadata().getAnnotations().put(Names.APPLIED, hash);
        HasMetadata result = client.resource(wanted).fieldManager(Names.MANAGER).forceConflicts().serverSideApply();
        String now = fingerprint(result);
        last.put(key, new Applied(hash, now, version(result)));
        if (live == null || !version(live).equals(version(result))) {
            written.accept(live, result);
        }
        if (live == null) {
            return same ? Outcome.REPAIRED : Outcome.APPLIED;
        }
        if (was.equals(now)) {
            return Outcome.UNCHANGED;
        }
        return known ? Outcome.REPAIRED : Outcome.APPLIED;
    }

    /** Whether an object is as it was applied. A version that was looked at once is not looked at again. */
    private boolean is(String key, Applied applied, HasMetadata object) {
        String version = version(object);
        if (!version.isEmpty() && version.equals(applied.version())) {
            return true;
        }
        if (!fingerprint(object).equals(applied.live())) {
            return false;
        }
        last.replace(key, applied, new Applied(applied.wanted(), applied.live(), version));
        return true;
    }

    private static String version(HasMetadata object) {
        return Objects.requireNonNullElse(object.getMetadata().getResourceVersion(), "");
    }

    /** Whether somebody else has changed or deleted an object since it was last applied, as far as a cache tells. */
    public boolean drifted(HasMetadata wanted, @Nullable HasMetadata cached) {
        Applied before = last.get(key(wanted));
        return before != null && (cached == null || !is(key(wanted), before, cached));
    }

    /** Deletes an object, if it is still the one that is meant. */
    public void delete(HasMetadata object) {
        client.resource(object).delete();
        last.remove(key(object));
    }

    /**
     * Forgets objects.
     *
     * @param which by namespace/service
     */
    public void forget(Predicate<String> which) {
        last.keySet().removeIf(key -> which.test(key.substring(0, key.indexOf('|'))));
    }

    /** Names an object: namespace/service|kind/name. */
    private static String key(HasMetadata object) {
        return object.getMetadata().getNamespace() + "/" + object.getMetadata().getLabels().get(
                ShardedService.LABEL) + "|" + object.getKind() + "/"
                + object.getMetadata().getName();
    }

    private static @Nullable String annotation(HasMetadata object, String name) {
        Map<String, String> annotations = object.getMetadata().getAnnotations();
        return annotations == null ? null : annotations.get(name);
    }

    /** All that is not the cluster's own book-keeping. */
    private String fingerprint(HasMetadata object) {
        ObjectNode tree = mapper.valueToTree(object);
        tree.remove("status");
        JsonNode metadata = tree.remove("metadata");
        ObjectNode kept = tree.putObject("metadata");
        kept.set("labels", metadata.get("labels"));
        kept.set("ownerReferences", metadata.get("ownerReferences"));
        kept.put("applied", Objects.requireNonNullElse(annotation(object, Names.APPLIED), ""));
        return hash(tree);
    }

    private String hash(Object object) {
        try {
            // Trees keep their order; what is made of maps and beans is sorted.
            Object sorted = object instanceof JsonNode tree ? mapper.treeToValue(tree, Object.class) : object;
            byte[] digest = MessageDigest.getInstance("SHA-256")
                    .digest(mapper.writeValueAsBytes(sorted));
            return HexFormat.of().formatHex(digest, 0, BYTES);
        } catch (JsonProcessingException | NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }
}
