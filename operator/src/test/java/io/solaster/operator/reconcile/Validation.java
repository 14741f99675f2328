package io.solaster.operator.reconcile;

import java.util.HashSet;
import java.util.Set;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;

/** Those rules of an API server that tests need: what a write may name, and what cannot be so or cannot change. */
final class Validation {
    private static final Set<String> SET = Set.of("replicas", "ordinals", "template", "updateStrategy",
            "revisionHistoryLimit", "persistentVolumeClaimRetentionPolicy", "minReadySeconds");

    private Validation() {}

    /** What a client is told. */
    static final class Refused extends RuntimeException {
        private static final long serialVersionUID = 1;
        private final int code;
        private final transient ObjectNode status;

        Refused(int code, String reason, String message, String field, String cause) {
            super(message);
            this.code = code;
            status = JsonNodeFactory.instance.objectNode().put("kind", "Status").put("apiVersion", "v1")
                    .put("status", "Failure").put("reason", reason).put("message", message).put("code", code);
            if (!field.isEmpty()) {
                status.putObject("details").putArray("causes").addObject().put("reason", "FieldValueInvalid")
                        .put("message", cause).put("field", field);
            }
        }

        int code() {
            return code;
        }

        ObjectNode status() {
            return status;
        }
    }

    /** Holds the identity and the version that somebody applies with against what is there, and takes them out. */
    static void preconditions(ObjectNode there, ObjectNode wanted) {
        ObjectNode metadata = (ObjectNode) wanted.get("metadata");
        String uid = metadata.path("uid").asText("");
        String version = metadata.path("resourceVersion").asText("");
        metadata.remove("uid");
        metadata.remove("resourceVersion");
        if (!uid.isEmpty() && there == null) {
            throw new Refused(409, "Conflict", "uid mismatch: the provided object specified uid " + uid
                    + ", and no existing object was found", "", "");
        }
        if (!uid.isEmpty() && !uid.equals(there.at("/metadata/uid").asText())) {
            throw new Refused(422, "Invalid", "metadata.uid: field is immutable", "metadata.uid",
                    "field is immutable");
        }
        // A version does not keep it from being made.
        if (!version.isEmpty() && !version.equals("0") && there != null
                && !version.equals(there.at("/metadata/resourceVersion").asText())) {
            throw new Refused(409, "Conflict", "the object has been modified; please apply your changes to the latest"
                    + " version and try again", "", "");
        }
    }

    static void check(ObjectNode before, ObjectNode now) {
        String name = now.at("/metadata/name").asText();
        if (now.path("kind").asText().equals("Service")) {
            if (before != null && !before.at("/spec/ports").isEmpty() && now.at("/spec/ports").isEmpty()
                    && !now.at("/spec/clusterIP").asText().equals("None")) {
                throw new Refused(422, "Invalid", "Service \"" + name + "\" is invalid: spec.ports: Required value",
                        "spec.ports", "Required value");
            }
            Set<String> names = new HashSet<>();
            for (int i = 0; i < now.at("/spec/ports").size(); i++) {
                String port = now.at("/spec/ports/" + i + "/name").asText();
                if (!names.add(port)) {
                    String field = "spec.ports[" + i + "].name";
                    String cause = "Duplicate value: \"" + port + "\"";
                    throw new Refused(422, "Invalid", "Service \"" + name + "\" is invalid: " + field + ": " + cause,
                            field, cause);
                }
            }
        }
        if (now.path("kind").asText().equals("StatefulSet") && before != null) {
            Set<String> fields = new HashSet<>();
            now.get("spec").fieldNames().forEachRemaining(fields::add);
            before.get("spec").fieldNames().forEachRemaining(fields::add);
            fields.removeAll(SET);
            for (String field : fields) {
                JsonNode was = before.get("spec").get(field);
                if (!now.get("spec").has(field) || !now.get("spec").get(field).equals(was)) {
                    String cause = "Forbidden: updates to statefulset spec for fields other than 'replicas',"
                            + " 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit',"
                            + " 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";
                    throw new Refused(422, "Invalid", "StatefulSet.apps \"" + name + "\" is invalid: spec: " + cause,
                            "spec", cause);
                }
            }
        }
        JsonNode owners = now.at("/metadata/ownerReferences");
        int controllers = 0;
        for (JsonNode owner : owners) {
            controllers += owner.path("controller").asBoolean() ? 1 : 0;
        }
        if (controllers > 1) {
            throw new Refused(422, "Invalid", "metadata.ownerReferences: Only one reference can have Controller set"
                    + " to true", "metadata.ownerReferences", "Only one reference can have Controller set to true");
        }
    }
}
