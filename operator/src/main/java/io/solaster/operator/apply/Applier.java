package io.solaster.operator.apply;

import static java.util.Objects.requireNonNullElse;

import java.net.HttpURLConnection;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.BiConsumer;
import java.util.function.Predicate;
import java.util.function.Supplier;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.api.model.apps.StatefulSetBuilder;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
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

    /**
     * What was asked, and what came back.
     *
     * @param object what was asked
     * @param wanted its hash
     * @param live the hash of what came back
     * @param version the version that was last seen to be so
     * @param asSeen what of its metadata counts, as it came back
     * @param others what others have added to it
     */
    private record Applied(HasMetadata object, String wanted, String live, String version, Meta asSeen,
            Others others) {
        Applied at(HasMetadata now) {
            Meta meta = Meta.of(now);
            // Caches of some kinds do not keep who has set what.
            boolean same = meta.mended().equals(asSeen.mended()) || now.getMetadata().getManagedFields().isEmpty();
            return new Applied(object, wanted, live, Applier.version(now), meta, same ? others : Others.of(now));
        }
    }

    /**
     * What others have added to an object, in words.
     *
     * @param told who has added what
     * @param returned those of them that were removed before, and have come back
     * @param next when the others may be removed; null if there are none
     */
    public record Others(List<String> told, List<String> returned, @Nullable Instant next) {
        static final Others NONE = new Others(List.of(), List.of(), null);

        public Others {
            told = List.copyOf(told);
            returned = List.copyOf(returned);
        }

        /** Whether there is something that may be removed now. */
        public boolean due(Instant now) {
            return next != null && Mending.due(next, now);
        }

        static Others of(HasMetadata live) {
            List<Addition> all = Addition.of(live);
            return all.isEmpty()
                    ? NONE
                    : new Others(words(all), words(Mending.returned(live, all)),
                            Mending.next(live, all));
        }

        private static List<String> words(List<Addition> all) {
            return all.stream().map(Addition::toString).distinct().toList();
        }
    }

    /**
     * What of an object's metadata counts. Of others than workloads, which are compared whole, only what was mended.
     *
     * @param generation a number that goes up with each change of its spec
     */
    private record Meta(@Nullable Map<String, String> labels, @Nullable List<OwnerReference> owners,
            String applied, String mended, @Nullable Long generation) {
        static Meta of(HasMetadata object) {
            String mended = requireNonNullElse(annotation(object, Names.MENDED), "");
            return workload(object)
                    ? new Meta(object.getMetadata().getLabels(), object.getMetadata().getOwnerReferences(),
                            requireNonNullElse(annotation(object, Names.APPLIED), ""), mended,
                            object.getMetadata().getGeneration())
                    : new Meta(null, null, "", mended, null);
        }
    }

    private static final int BYTES = 8;

    private final KubernetesClient client;
    private final ServerSideApply server;
    private final Mending mending;
    private final Claims claims;
    private final ObjectMapper mapper = JsonMapper.builder().enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS)
            .enable(MapperFeature.SORT_PROPERTIES_ALPHABETICALLY).build();
    private final Map<String, Applied> last = new ConcurrentHashMap<>();
    private final BiConsumer<@Nullable HasMetadata, HasMetadata> written;
    private final LongAdder hashed = new LongAdder();

    public Applier(KubernetesClient client) {
        this(client, (before, now) -> {});
    }

    /** @param written hears of each object that it has changed: as it was, null if it is new, and as it is */
    public Applier(KubernetesClient client, BiConsumer<@Nullable HasMetadata, HasMetadata> written) {
        this.client = client;
        this.written = written;
        server = new ServerSideApply(client);
        mending = new Mending(client);
        claims = new Claims(client);
    }

    /**
     * Applies an object of a service unless it is as it was last applied.
     *
     * @param wanted the object, whole
     * @param cached what a cache has of it; null if it has nothing. What differs is looked up before it is believed
     * @param watched whether there is such a cache; without one, an object is only looked at when another is wanted
     * @throws ApplyException if it is somebody else's, or the API server does not take it
     */
    public Outcome apply(ShardedService service, HasMetadata wanted, @Nullable HasMetadata cached, boolean watched) {
        try {
            return brought(service, wanted, cached, watched);
        } catch (KubernetesClientException e) {
            ApplyException told = new ApplyException(ApplyException.name(wanted), e);
            throw told.reason() == ApplyException.Reason.Refused ? told.with(blame(wanted)) : told;
        }
    }

    /** What others have added may be what an API server does not take beside what is wanted. */
    private Others blame(HasMetadata wanted) {
        try {
            HasMetadata live = client.resource(wanted).get();
            return live == null ? Others.NONE : Others.of(live);
        } catch (KubernetesClientException e) {
            return Others.NONE;
        }
    }

    private Outcome brought(ShardedService service, HasMetadata wanted, @Nullable HasMetadata cached,
            boolean watched) {
        String key = key(wanted);
        Applied before = last.get(key);
        String hash = before != null && before.object().equals(wanted) ? before.wanted() : hash(wanted);
        boolean same = before != null && before.wanted().equals(hash);
        boolean asApplied = before != null && cached != null && is(key, before, cached);
        if (same && (!watched || asApplied)) {
            return Outcome.UNCHANGED;
        }
        if (before == null && cached == null && watched) {
            // Most objects that were never seen are not there: whether one is, the API server tells by refusing.
            HasMetadata made = marked(wanted, hash, () -> server.create(wanted));
            if (made != null) {
                remember(key, wanted, hash, made);
                written.accept(null, made);
                return Outcome.APPLIED;
            }
        }
        // A cache may be late: what it lacks or shows otherwise may be what was applied a moment ago. What was not applied
        // yet it has as others left it, and the API server refuses if that has become another object since.
        HasMetadata live = asApplied || before == null ? cached : null;
        if (live == null) {
            live = client.resource(wanted).get();
        }
        if (same && before != null && live != null && is(key, before, live)) {
            return Outcome.UNCHANGED;
        }
        boolean known = live != null && hash.equals(annotation(live, Names.APPLIED));
        String was = live == null ? "" : asApplied && before != null ? before.live() : fingerprint(live);
        HasMetadata sent = wanted;
        ApplyException refused = null;
        if (wanted instanceof StatefulSet set && live instanceof StatefulSet there && Claims.differ(set, there)) {
            ServerSideApply.check(service, there);
            refused = grown(set, there);
            if (refused == null) {
                throw new ApplyException(ApplyException.name(wanted), ApplyException.Reason.ApplyFailed,
                        "it is made anew beside its pods, for larger volumes");
            }
            sent = new StatefulSetBuilder(set).editSpec()
                    .withVolumeClaimTemplates(there.getSpec().getVolumeClaimTemplates()).endSpec().build();
        }
        HasMetadata asked = sent;
        HasMetadata there = live;
        HasMetadata result = marked(sent, hash, () -> server.apply(service, asked, there));
        String now = remember(key, wanted, hash, result);
        if (live == null || !version(live).equals(version(result))) {
            written.accept(live, result);
        }
        if (refused != null) {
            // Volumes may be let grow, or the spec change: it is looked at again each time.
            last.remove(key);
            throw refused;
        }
        if (live == null) {
            return same ? Outcome.REPAIRED : Outcome.APPLIED;
        }
        if (was.equals(now)) {
            return Outcome.UNCHANGED;
        }
        return known ? Outcome.REPAIRED : Outcome.APPLIED;
    }

    /** Sends an object with the hash of what is wanted. */
    private static <T extends @Nullable HasMetadata> T marked(HasMetadata sent, String hash, Supplier<T> send) {
        sent.getMetadata().getAnnotations().put(Names.APPLIED, hash);
        try {
            return send.get();
        } finally {
            sent.getMetadata().getAnnotations().remove(Names.APPLIED);
        }
    }

    /** Remembers what the API server made of an object. Its hash. */
    private String remember(String key, HasMetadata wanted, String hash, HasMetadata result) {
        String now = fingerprint(result);
        last.put(key, new Applied(wanted, hash, now, version(result), Meta.of(result), Others.of(result)));
        return now;
    }

    /** Has volumes grow, if that is all; else says why not. */
    private @Nullable ApplyException grown(StatefulSet wanted, StatefulSet live) {
        String never = Claims.refused(wanted, live);
        if (!never.isEmpty()) {
            return new ApplyException(ApplyException.name(wanted), ApplyException.Reason.Refused, never);
        }
        try {
            claims.grow(wanted, live);
            last.remove(key(wanted));
            return null;
        } catch (ApplyException e) {
            return e;
        }
    }

    /** Whether an object is as it was applied. A version that was looked at once is not looked at again. */
    private boolean is(String key, Applied applied, HasMetadata object) {
        String version = version(object);
        if (!version.isEmpty() && version.equals(applied.version())) {
            return true;
        }
        // How pods come and go changes a workload's status, and nothing that it is compared by.
        boolean counted = workload(object)
                && object.getMetadata().getGeneration() != null && applied.asSeen().equals(Meta.of(object));
        if (!counted && !fingerprint(object).equals(applied.live())) {
            return false;
        }
        last.replace(key, applied, applied.at(object));
        return true;
    }

    private static boolean workload(HasMetadata object) {
        return object instanceof StatefulSet || object instanceof Deployment;
    }

    private static String version(HasMetadata object) {
        return requireNonNullElse(object.getMetadata().getResourceVersion(), "");
    }

    /** Whether somebody else has changed or deleted an object since it was last applied, as far as a cache tells. */
    public boolean drifted(HasMetadata wanted, @Nullable HasMetadata cached) {
        Applied before = last.get(key(wanted));
        return before != null && (cached == null || !is(key(wanted), before, cached));
    }

    /** What others have added to an object, as it was when it was last applied. */
    public Others others(HasMetadata wanted) {
        Applied applied = last.get(key(wanted));
        return applied == null ? Others.NONE : applied.others();
    }

    /** What others have added to an object, as a cache has it, in words. */
    public static List<String> added(@Nullable HasMetadata cached) {
        return cached == null ? List.of() : Others.of(cached).told();
    }

    /**
     * Removes what others have added to an object, but for what was removed before.
     *
     * @return what was removed, in words; nothing if it has changed since it was last applied
     * @throws ApplyException if it could not be removed
     */
    public List<String> mend(HasMetadata wanted, Instant now) {
        String key = key(wanted);
        Applied before = last.get(key);
        try {
            HasMetadata live = client.resource(wanted).get();
            if (before == null || live == null || !is(key, before, live)) {
                return List.of();
            }
            List<Addition> all = new ArrayList<>(Addition.of(live));
            all.removeAll(Mending.returned(live, all));
            HasMetadata result = mending.remove(live, all, now);
            remember(key, before.object(), before.wanted(), result);
            written.accept(live, result);
            return Others.words(all);
        } catch (KubernetesClientException e) {
            throw new ApplyException(ApplyException.name(wanted), e);
        }
    }

    /**
     * Puts what is wanted in the place of what others have added, where an API server does not take both beside each other, as
     * two ports of one name: what was not removed before, and no more often than once an hour.
     *
     * @return what was removed, in words; nothing if it is not time, or nothing may be removed
     * @throws ApplyException if it could not be done
     */
    public List<String> replace(ShardedService service, HasMetadata wanted, Instant now) {
        try {
            HasMetadata live = client.resource(wanted).get();
            if (live == null) {
                return List.of();
            }
            ServerSideApply.check(service, live);
            List<Addition> all = new ArrayList<>(Addition.of(live));
            all.removeAll(Mending.returned(live, all));
            Instant next = Mending.next(live, all);
            if (all.isEmpty() || next == null || !Mending.due(next, now)) {
                return List.of();
            }
            mending.replace(live, wanted, all, now);
            // It looks as it was applied, and is not held so.
            last.remove(key(wanted));
            brought(service, wanted, null, true);
            HasMetadata result = mending.disown(wanted, all);
            // Somebody may have changed it meanwhile, which the next look finds.
            String after = fingerprint(result);
            last.computeIfPresent(key(wanted),
                    (key, applied) -> applied.live().equals(after) ? applied.at(result) : applied);
            return Others.words(all);
        } catch (KubernetesClientException e) {
            throw new ApplyException(ApplyException.name(wanted), e);
        }
    }

    /**
     * Deletes an object of a service, if it is still the one that is meant: somebody else may have changed it since.
     *
     * @throws ApplyException if that could not be done now
     */
    public void delete(HasMetadata object) {
        try {
            client.resource(object).lockResourceVersion().delete();
        } catch (KubernetesClientException e) {
            // The next look tells whether it is still to go.
            if (e.getCode() != HttpURLConnection.HTTP_CONFLICT) {
                throw new ApplyException(ApplyException.name(object), e);
            }
        }
        last.remove(key(object));
    }

    /**
     * Whether it is asked who has set which field of an object as a cache has it: where others have added to what is
     * applied, and where it is not yet said whose it is. Of what was applied itself, the answer tells. Any thread.
     */
    public static boolean asksForFields(HasMetadata object) {
        Map<String, String> labels = object.getMetadata().getLabels();
        return labels != null && labels.containsKey(ShardedService.LABEL) && !(object instanceof Pod)
                && (object.getMetadata().getOwnerReferences().isEmpty() || !Addition.of(object).isEmpty());
    }

    /** How many objects were written out to be compared. */
    public long hashed() {
        return hashed.sum();
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
        return hash(Arrays.asList(object.getKind(), object.getMetadata().getLabels(),
                object.getMetadata().getOwnerReferences(), annotation(object, Names.APPLIED), body(object)));
    }

    /** What an object asks for. */
    private Object body(HasMetadata object) {
        return switch (object) {
            case StatefulSet set -> set.getSpec();
            case Deployment deployment -> deployment.getSpec();
            case ConfigMap map -> Arrays.asList(map.getData(), map.getBinaryData(), map.getImmutable());
            case Service service -> service.getSpec();
            case PodDisruptionBudget budget -> budget.getSpec();
            case NetworkPolicy policy -> policy.getSpec();
            default -> {
                Map<?, ?> tree = mapper.convertValue(object, TreeMap.class);
                tree.remove("status");
                tree.remove("metadata");
                yield tree;
            }
        };
    }

    private String hash(Object object) {
        hashed.increment();
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(mapper.writeValueAsBytes(object));
            return HexFormat.of().formatHex(digest, 0, BYTES);
        } catch (JsonProcessingException | NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }
}
