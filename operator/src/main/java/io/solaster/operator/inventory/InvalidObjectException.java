package io.solaster.operator.inventory;

/** An object says what cannot be: the message names the object, the value and the fix. */
public final class InvalidObjectException extends IllegalArgumentException {
    private static final long serialVersionUID = 1;

    /**
     * @param object the object, such as {@code TopologyProfile big}
     * @param problem the key, its value, what is wrong and the fix
     */
    public InvalidObjectException(String object, String problem) {
        super(object + ": " + problem);
    }
}
