package io.solaster.operator.apply;

import static java.util.Objects.requireNonNullElse;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Pattern;

import io.fabric8.kubernetes.api.model.DeleteOptionsBuilder;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaimSpec;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.solaster.operator.api.ShardedService;
import io.solaster.operator.apply.ApplyException.Reason;
import org.jspecify.annotations.Nullable;

/**
 * Volumes of a StatefulSet's pods that are to be others than they are. An API server changes no
 * {@code volumeClaimTemplates}. Those that are only to be larger are: the volumes grow in place, and the StatefulSet is
 * made anew without its pods, which the new one takes over. Any thread, one at a time for each StatefulSet.
 */
final class Claims {
    private static final String STORAGE = "storage";
    private static final String FILESYSTEM = "Filesystem";

    private final KubernetesClient client;

    Claims(KubernetesClient client) {
        this.client = client;
    }

    /** Whether volumes are to be others than they are. */
    static boolean differ(StatefulSet wanted, StatefulSet live) {
        return !refused(wanted, live).isEmpty() || !grown(wanted, live).isEmpty();
    }

    /** What cannot be done, key by key, and what to do instead; empty if all can. */
    static String refused(StatefulSet wanted, StatefulSet live) {
        Map<String, PersistentVolumeClaim> there = byName(live);
        List<String> told = new ArrayList<>();
        byName(wanted).forEach((name, claim) -> {
            PersistentVolumeClaim before = there.remove(name);
            String key = "spec.volumeClaimTemplates[" + name + "]";
            if (before == null) {
                told.add(key + " cannot be added");
                return;
            }
            PersistentVolumeClaimSpec now = spec(claim);
            PersistentVolumeClaimSpec was = spec(before);
            same(key + ".accessModes", was.getAccessModes(), now.getAccessModes(), told);
            same(key + ".storageClassName", was.getStorageClassName(), now.getStorageClassName(), told);
            same(key + ".volumeMode", requireNonNullElse(was.getVolumeMode(), FILESYSTEM),
                    requireNonNullElse(now.getVolumeMode(), FILESYSTEM), told);
            same(key + ".selector", was.getSelector(), now.getSelector(), told);
            same(key + ".volumeName", was.getVolumeName(), now.getVolumeName(), told);
            same(key + ".dataSource", was.getDataSource(), now.getDataSource(), told);
            same(key + ".dataSourceRef", was.getDataSourceRef(), now.getDataSourceRef(), told);
            same(key + ".volumeAttributesClassName", was.getVolumeAttributesClassName(),
                    now.getVolumeAttributesClassName(), told);
            same(key + ".metadata.labels", labels(before), labels(claim), told);
            if (storage(claim).compareTo(storage(before)) < 0) {
                told.add(key + ".resources.requests.storage is " + amount(before) + " and cannot become less ("
                        + amount(claim) + ")");
            }
        });
        there.keySet().forEach(name -> told.add("spec.volumeClaimTemplates[" + name + "] cannot be removed"));
        return told.isEmpty()
                ? ""
                : String.join("; ", told) + "; write it as it was, or make another ShardedService. All else is applied";
    }

    private static void same(String key, @Nullable Object before, @Nullable Object now, List<String> told) {
        if (!Objects.equals(before, now)) {
            told.add(key + " is " + before + " and cannot become " + now);
        }
    }

    /** The names of claims that are to be larger, with their amounts. */
    private static Map<String, Quantity> grown(StatefulSet wanted, StatefulSet live) {
        Map<String, PersistentVolumeClaim> there = byName(live);
        Map<String, Quantity> grown = new LinkedHashMap<>();
        byName(wanted).forEach((name, claim) -> {
            PersistentVolumeClaim before = there.get(name);
            if (before != null && storage(claim).compareTo(storage(before)) > 0) {
                grown.put(name, storage(claim));
            }
        });
        return grown;
    }

    /**
     * Has the volumes grow, and then deletes the StatefulSet without its pods.
     *
     * @throws ApplyException naming the volume that cannot
     * @throws KubernetesClientException if the StatefulSet could not be deleted
     */
    void grow(StatefulSet wanted, StatefulSet live) {
        String namespace = live.getMetadata().getNamespace();
        Map<String, Quantity> grown = grown(wanted, live);
        Pattern name = Pattern.compile("(.+)-" + Pattern.quote(live.getMetadata().getName()) + "-\\d+");
        List<PersistentVolumeClaim> claims = client.persistentVolumeClaims().inNamespace(namespace)
                .withLabel(ShardedService.LABEL, wanted.getMetadata().getLabels().get(ShardedService.LABEL)).list()
                .getItems();
        for (PersistentVolumeClaim claim : claims) {
            var match = name.matcher(claim.getMetadata().getName());
            Quantity amount = match.matches() ? grown.get(match.group(1)) : null;
            if (amount != null && storage(claim).compareTo(amount) < 0) {
                grow(claim, amount);
            }
        }
        // The client knows no deletion of just this object that leaves what it owns.
        client.raw("/apis/apps/v1/namespaces/" + namespace + "/statefulsets/" + live.getMetadata().getName(), "DELETE",
                new DeleteOptionsBuilder().withPropagationPolicy("Orphan").withNewPreconditions()
                        .withUid(live.getMetadata().getUid()).endPreconditions().build());
    }

    private void grow(PersistentVolumeClaim claim, Quantity amount) {
        try {
            client.resource(claim).patch(
                    new PatchContext.Builder().withPatchType(PatchType.JSON_MERGE).withFieldManager(Names.MANAGER)
                            .build(),
                    "{\"spec\":{\"resources\":{\"requests\":{\"storage\":\"" + amount + "\"}}}}");
        } catch (KubernetesClientException e) {
            ApplyException told = new ApplyException(ApplyException.name(claim), e);
            throw told.reason() != Reason.Refused
                    ? told
                    : new ApplyException(ApplyException.name(claim), Reason.Refused, "it cannot grow to " + amount
                            + ": " + ApplyException.answer(e) + "; its StorageClass must have allowVolumeExpansion,"
                            + " or write spec.volumeClaimTemplates as it was. All else is applied");
        }
    }

    private static Map<String, PersistentVolumeClaim> byName(StatefulSet set) {
        Map<String, PersistentVolumeClaim> all = new LinkedHashMap<>();
        for (PersistentVolumeClaim claim : requireNonNullElse(set.getSpec().getVolumeClaimTemplates(),
                List.<PersistentVolumeClaim>of())) {
            all.put(String.valueOf(claim.getMetadata().getName()), claim);
        }
        return all;
    }

    private static PersistentVolumeClaimSpec spec(PersistentVolumeClaim claim) {
        return requireNonNullElse(claim.getSpec(), new PersistentVolumeClaimSpec());
    }

    private static Map<String, String> labels(PersistentVolumeClaim claim) {
        return requireNonNullElse(claim.getMetadata().getLabels(), Map.of());
    }

    private static Quantity storage(PersistentVolumeClaim claim) {
        PersistentVolumeClaimSpec spec = spec(claim);
        Map<String, Quantity> amounts = spec.getResources() == null ? null : spec.getResources().getRequests();
        return amounts == null ? new Quantity("0") : amounts.getOrDefault(STORAGE, new Quantity("0"));
    }

    private static String amount(PersistentVolumeClaim claim) {
        return storage(claim).toString();
    }
}
