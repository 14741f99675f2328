package io.solaster.engine.tls;

/** A client is told by an alert that there is no handshake for it. Without a stack: clients can bring it about. */
public final class TlsRefusal extends Exception {
    private static final long serialVersionUID = 1;
    private static final int UNRECOGNIZED_NAME = 112;
    private static final int NO_APPLICATION_PROTOCOL = 120;

    private final int alert;

    private TlsRefusal(int alert, String message) {
        super(message, null, false, false);
        this.alert = alert;
    }

    static TlsRefusal unknownName() {
        return new TlsRefusal(UNRECOGNIZED_NAME, "it asked for a name that no certificate here is for");
    }

    static TlsRefusal noProtocol() {
        return new TlsRefusal(NO_APPLICATION_PROTOCOL, "it offered protocols of which none is spoken here");
    }

    /** The number that TLS has for the alert. */
    public int alert() {
        return alert;
    }
}
