package io.solaster.http.websocket;

/** Why a conversation ends: the codes of RFC 6455, section 7.4, and of IANA's registry. */
public final class CloseCode {
    /** All was said. */
    public static final int NORMAL = 1000;
    /** One side goes away: the server stops, the page is left, the client was silent for too long. */
    public static final int GOING_AWAY = 1001;
    /** The peer broke the protocol. */
    public static final int PROTOCOL_ERROR = 1002;
    /** The peer sent a kind of data that is not taken here. */
    public static final int UNSUPPORTED = 1003;
    /** The peer's Close gave no code; never sent. */
    public static final int NONE = 1005;
    /** The connection ended without a Close; never sent. */
    public static final int ABNORMAL = 1006;
    /** The peer's text was no UTF-8, or what it compressed could not be read. */
    public static final int BAD_DATA = 1007;
    /** The peer did what is not allowed here; also one that did not read what it was sent. */
    public static final int POLICY = 1008;
    /** The peer's message was too long. */
    public static final int TOO_BIG = 1009;
    /** The server failed. */
    public static final int INTERNAL_ERROR = 1011;
    /** Come back later, elsewhere or not: the service starts anew. */
    public static final int RESTART = 1012;
    /** Come back later: there is too much to do. */
    public static final int TRY_AGAIN = 1013;

    /** Codes below this stand for themselves in statistics; all others are an application's. */
    static final int APPLICATIONS = 3000;
    private static final int LAST_REGISTERED = 1014;
    private static final int LAST = 4999;

    private CloseCode() {}

    /** Whether a Close frame may carry it: those of the registry, but 1004 to 1006, and 3000 to 4999. */
    public static boolean maySend(int code) {
        return code >= NORMAL && code <= LAST_REGISTERED && (code < 1004 || code > ABNORMAL)
                || code >= APPLICATIONS && code <= LAST;
    }
}
