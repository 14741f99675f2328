package io.solaster.spring.trace;

/** Whether a client that comes with a trace has it sampled. What cannot be read is not: nobody would find its parent. */
final class RemoteTrace {
    /** {@code 00-<32 digits>-<16 digits>-<flags>}: W3C Trace Context, where bit 0 of the flags says it. */
    private static final int FLAGS = 53;
    /** {@code <trace>-<span>-<state>...}. */
    private static final int B3_PARTS = 3;

    private RemoteTrace() {}

    static boolean isSampledByW3c(String traceparent) {
        int flags = traceparent.length() < FLAGS + 2 ? -1 : Character.digit(traceparent.charAt(FLAGS + 1), 16);
        return flags > 0 && (flags & 1) == 1;
    }

    /** B3's one header, where the state may stand alone. */
    static boolean isSampledByB3(String b3) {
        String[] parts = b3.split("-", -1);
        String state = parts.length == 1 ? parts[0] : parts.length < B3_PARTS ? "0" : parts[2];
        return state.equals("1") || state.equals("d");
    }
}
