package io.solaster.store;

import org.jspecify.annotations.Nullable;

/** What a client has said of itself, and what {@code CLIENT LIST} tells of it. On the owning shard only. */
final class ClientState {
    private final long connectedAt;
    private long lastInteraction;
    private boolean authenticated;
    private boolean resp3;
    private String name = "";
    private String libraryName = "";
    private String libraryVersion = "";
    private @Nullable Command lastCommand;

    ClientState(long now, boolean authenticated) {
        this.connectedAt = now;
        this.lastInteraction = now;
        this.authenticated = authenticated;
    }

    /** Unix milliseconds. */
    long connectedAt() {
        return connectedAt;
    }

    /** Unix milliseconds at which bytes last came from the client. */
    long lastInteraction() {
        return lastInteraction;
    }

    void interacted(long now) {
        lastInteraction = now;
    }

    boolean authenticated() {
        return authenticated;
    }

    void authenticated(boolean yes) {
        authenticated = yes;
    }

    boolean resp3() {
        return resp3;
    }

    void resp3(boolean yes) {
        resp3 = yes;
    }

    /** Empty for none. */
    String name() {
        return name;
    }

    void name(String given) {
        name = given;
    }

    /** Empty for none. */
    String libraryName() {
        return libraryName;
    }

    void libraryName(String given) {
        libraryName = given;
    }

    /** Empty for none. */
    String libraryVersion() {
        return libraryVersion;
    }

    void libraryVersion(String given) {
        libraryVersion = given;
    }

    @Nullable
    Command lastCommand() {
        return lastCommand;
    }

    void ran(Command command) {
        lastCommand = command;
    }
}
