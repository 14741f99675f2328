package io.solaster.operator.apply;

import java.util.List;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.StatusCause;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.solaster.operator.apply.Applier.Others;

/** An object could not be brought to what is wanted: which, what of it, and what to do. */
public final class ApplyException extends RuntimeException {
    private static final long serialVersionUID = 1;
    private static final int NAMED = 3;
    private static final int INVALID = 422;
    private static final int FORBIDDEN = 403;
    private static final int BAD = 400;

    /** Why. */
    public enum Reason {
        /** It is somebody else's. */
        NotOurs,
        /** The API server refuses what is wanted, and will do so until that changes or somebody else changes something. */
        Refused,
        /** It could not be done now, and is tried again. */
        ApplyFailed
    }

    private final Reason reason;
    private final boolean away;
    private final List<String> added;
    private final List<String> returned;

    /** @param object kind and name */
    public ApplyException(String object, Reason reason, String message) {
        super(object + ": " + message + ".");
        this.reason = reason;
        away = false;
        added = List.of();
        returned = List.of();
    }

    /** What an API server has answered. */
    public ApplyException(String object, KubernetesClientException error) {
        super(object + ": " + told(error) + ".", error);
        reason = switch (error.getCode()) {
            case BAD, FORBIDDEN, INVALID -> Reason.Refused;
            default -> Reason.ApplyFailed;
        };
        away = error.getCode() == 0;
        added = List.of();
        returned = List.of();
    }

    private ApplyException(ApplyException of, Others others) {
        super(of.getMessage() + " " + String.join("; ", others.told()) + ".", of.getCause());
        reason = of.reason;
        away = of.away;
        added = others.told();
        returned = others.returned();
    }

    /** The same, beside what others have added to the object. */
    ApplyException with(Others others) {
        return others.told().isEmpty()
                ? this
                : new ApplyException(this, others);
    }

    /** What others have added to the object, if that may be why it was refused. */
    public List<String> added() {
        return added;
    }

    /** Those of them that were removed before, and have come back. */
    public List<String> returned() {
        return returned;
    }

    /** Kind and name of an object. */
    public static String name(HasMetadata object) {
        return object.getKind() + " " + object.getMetadata().getName();
    }

    public Reason reason() {
        return reason;
    }

    /** Whether the API server could not be asked at all. */
    public boolean away() {
        return away;
    }

    private static String told(KubernetesClientException error) {
        return answer(error) + switch (error.getCode()) {
            case FORBIDDEN -> ". Permit it: a role, a quota or an admission policy is in its way";
            case BAD, INVALID -> ". Change what the spec asks for, or what others have changed of the object; or delete"
                    + " the object, which is then made anew (a StatefulSet with --cascade=orphan, so that its pods stay)";
            default -> ". It is tried again";
        };
    }

    /** What the API server says of it, field by field. */
    static String answer(KubernetesClientException error) {
        List<StatusCause> causes = error.getStatus() == null || error.getStatus().getDetails() == null
                || error.getStatus().getDetails().getCauses() == null
                        ? List.of()
                        : error.getStatus().getDetails().getCauses();
        String what = causes.isEmpty()
                ? error.getStatus() == null || error.getStatus().getMessage() == null
                        ? String.valueOf((error.getCause() == null ? error : error.getCause()).getMessage())
                        : error.getStatus().getMessage()
                : String.join("; ", causes.stream().limit(NAMED)
                        .map(cause -> cause.getField() == null
                                ? String.valueOf(cause.getMessage())
                                : cause.getField() + ": " + cause.getMessage())
                        .toList());
        return what.endsWith(".") ? what.substring(0, what.length() - 1) : what;
    }
}
