package io.solaster.operator.apply;

import static java.util.Objects.requireNonNullElse;

import java.util.List;
import java.util.Map;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ManagedFieldsEntry;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.solaster.operator.api.ShardedService;

/**
 * Whose an object is that has the name of one that is wanted. It is a service's own if an owner reference has the
 * service's uid; if it has no owner and this operator has applied it, as one that was restored or orphaned; or if somebody
 * has annotated it so. Whatever else is there is neither changed nor deleted. Pure.
 */
public final class Ownership {
    private Ownership() {}

    /** Whether an object has a service for its owner. */
    public static boolean owned(HasMetadata object, ShardedService service) {
        String uid = service.getMetadata().getUid();
        return owners(object).stream().anyMatch(owner -> uid != null && uid.equals(owner.getUid()));
    }

    /** Why an object is not a service's, and what to do about it; empty if it is. */
    static String foreign(HasMetadata object, ShardedService service) {
        if (owned(object, service)) {
            return "";
        }
        String name = service.getMetadata().getName();
        List<OwnerReference> owners = owners(object);
        OwnerReference controller = owners.stream().filter(owner -> Boolean.TRUE.equals(owner.getController()))
                .findFirst().orElse(null);
        if (controller != null) {
            return "ShardedService".equals(controller.getKind()) && name.equals(controller.getName())
                    ? "it belongs to the ShardedService of this name that was there before, and goes with it;"
                            + " to keep it, remove its owner reference"
                    : "it belongs to " + controller.getKind() + " " + controller.getName()
                            + "; rename one of the two";
        }
        if (name.equals(annotations(object).get(Names.ADOPT)) || (owners.isEmpty() && applied(object, name))) {
            return "";
        }
        return "somebody else has made it; rename one of the two, delete it, or annotate it with " + Names.ADOPT + "="
                + name;
    }

    /** Whether this operator has applied an object, for a service of this name. */
    private static boolean applied(HasMetadata object, String service) {
        Map<String, String> labels = requireNonNullElse(object.getMetadata().getLabels(), Map.of());
        if (!service.equals(labels.getOrDefault(ShardedService.LABEL, service))) {
            return false;
        }
        for (ManagedFieldsEntry entry : requireNonNullElse(object.getMetadata().getManagedFields(),
                List.<ManagedFieldsEntry>of())) {
            if (Names.MANAGER.equals(entry.getManager()) && entry.getFieldsV1() != null
                    && entry.getFieldsV1().getAdditionalProperties().get("f:metadata") instanceof Map<?, ?> metadata
                    && metadata.get("f:annotations") instanceof Map<?, ?> all
                    && all.containsKey("f:" + Names.APPLIED)) {
                return true;
            }
        }
        return false;
    }

    private static List<OwnerReference> owners(HasMetadata object) {
        return requireNonNullElse(object.getMetadata().getOwnerReferences(), List.of());
    }

    private static Map<String, String> annotations(HasMetadata object) {
        return requireNonNullElse(object.getMetadata().getAnnotations(), Map.of());
    }
}
