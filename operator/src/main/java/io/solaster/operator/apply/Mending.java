package io.solaster.operator.apply;

import static java.util.Objects.requireNonNullElse;

import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.solaster.operator.api.Labels;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Removes what others have added to objects: of one object at most once an hour, since each removal from a workload
 * replaces its pods, and nothing a second time: whoever adds it again would do so for ever. What was removed, and when,
 * stands in an annotation on the object, so that another operator goes by it, too. Any thread, one at a time for each
 * object.
 */
final class Mending {
    private static final Duration PAUSE = Duration.ofHours(1);
    private static final int REMEMBERED = 32;
    private static final Logger LOG = LoggerFactory.getLogger(Mending.class);

    private final KubernetesClient client;
    private final ObjectMapper mapper = new ObjectMapper();

    Mending(KubernetesClient client) {
        this.client = client;
    }

    /**
     * What was removed of an object before.
     *
     * @param at when last
     * @param what checksums
     */
    private record Mended(Instant at, Set<String> what) {
        static Mended of(HasMetadata object) {
            Map<String, String> annotations = requireNonNullElse(object.getMetadata().getAnnotations(), Map.of());
            String[] words = annotations.getOrDefault(Names.MENDED, "").split("[ ,]+");
            try {
                return new Mended(Instant.parse(words[0]),
                        new LinkedHashSet<>(List.of(words).subList(1, words.length)));
            } catch (DateTimeParseException e) {
                return new Mended(Instant.EPOCH, Set.of());
            }
        }
    }

    private static String checksum(Addition addition) {
        return Labels.checksum(addition.manager() + " " + addition.field());
    }

    /** Those that were removed before, and have come back. */
    static List<Addition> returned(HasMetadata live, List<Addition> additions) {
        Mended before = Mended.of(live);
        return additions.stream().filter(each -> before.what().contains(checksum(each))).toList();
    }

    /** When others than these may be removed; null if there are none. */
    static @Nullable Instant next(HasMetadata live, List<Addition> additions) {
        Mended before = Mended.of(live);
        return before.what().containsAll(additions.stream().map(Mending::checksum).toList())
                ? null
                : before.at().plus(PAUSE);
    }

    /**
     * Whether the time has come.
     *
     * @param next as {@link #next} said; further ahead than it can be, it was said by another clock
     */
    static boolean due(Instant next, Instant now) {
        return !now.isBefore(next) || next.isAfter(now.plus(PAUSE));
    }

    /** Removes what may be removed, unless the object has changed. The object as it is then. */
    HasMetadata remove(HasMetadata live, List<Addition> additions, Instant now) {
        return patch(live, null, additions, now);
    }

    /** Removes what may be removed, and puts what is wanted into the same lists, unless the object has changed. */
    void replace(HasMetadata live, HasMetadata wanted, List<Addition> additions, Instant now) {
        patch(live, mapper.valueToTree(wanted), additions, now);
    }

    private HasMetadata patch(HasMetadata live, @Nullable ObjectNode wanted, List<Addition> additions, Instant now) {
        Set<String> what = new LinkedHashSet<>(Mended.of(live).what());
        ObjectNode tree = mapper.valueToTree(live);
        ArrayNode patch = mapper.createArrayNode();
        patch.addObject().put("op", "test").put("path", "/metadata/resourceVersion").put("value",
                live.getMetadata().getResourceVersion());
        for (Addition each : additions) {
            // Several managers may have set the same.
            String pointer = what.add(checksum(each)) ? each.removedFrom(tree) : null;
            if (pointer != null) {
                patch.addObject().put("op", "remove").put("path", pointer);
            }
        }
        if (wanted != null) {
            Map<String, ArrayNode> lists = new LinkedHashMap<>();
            additions.forEach(each -> each.filled(tree, wanted, lists));
            lists.forEach((pointer, list) -> patch.addObject().put("op", "replace").put("path", pointer).set("value",
                    list));
        }
        List<String> remembered = new ArrayList<>(what);
        remembered = remembered.subList(Math.max(0, remembered.size() - REMEMBERED), remembered.size());
        // There is one of the operator's always.
        patch.addObject().put("op", "add")
                .put("path", "/metadata/annotations/" + Names.MENDED.replace("/", "~1"))
                .put("value", now.truncatedTo(ChronoUnit.SECONDS) + " " + String.join(",", remembered));
        return patched(live, patch);
    }

    /**
     * Gives back what {@link #replace} has put into lists, and what is applied holds by now: what is held twice would stay when
     * it is wanted no more. If somebody else writes at the same time, it stays held.
     *
     * @return the object as it is then
     */
    HasMetadata disown(HasMetadata wanted, List<Addition> additions) {
        HasMetadata live = client.resource(wanted).require();
        ObjectNode asked = mapper.valueToTree(wanted);
        ArrayNode entries = mapper.valueToTree(live.getMetadata().getManagedFields());
        ArrayNode before = entries.deepCopy();
        for (JsonNode entry : entries) {
            if (Names.MANAGER.equals(entry.path("manager").asText())
                    && "Update".equals(entry.path("operation").asText())
                    && entry.path("fieldsV1") instanceof ObjectNode fields) {
                additions.forEach(each -> each.disowned(fields, asked));
            }
        }
        if (entries.equals(before)) {
            return live;
        }
        ArrayNode patch = mapper.createArrayNode();
        patch.addObject().put("op", "test").put("path", "/metadata/resourceVersion").put("value",
                live.getMetadata().getResourceVersion());
        patch.addObject().put("op", "replace").put("path", "/metadata/managedFields").set("value", entries);
        try {
            return patched(live, patch);
        } catch (KubernetesClientException e) {
            LOG.debug("{} stays held twice: {}", ApplyException.name(live), e.getMessage());
            return live;
        }
    }

    private HasMetadata patched(HasMetadata live, ArrayNode patch) {
        return client.resource(live).patch(new PatchContext.Builder().withPatchType(PatchType.JSON)
                .withFieldManager(Names.MANAGER).build(), patch.toString());
    }
}
