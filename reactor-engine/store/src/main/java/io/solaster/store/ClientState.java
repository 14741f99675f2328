package io.solaster.store;

import org.jspecify.annotations.Nullable;

/** What a client has said of itself, and what {@code CLIENT LIST} tells of it. On the owning shard only. */
final class ClientState {
    private final long connectedAt;
    private long lastInteraction;
    private long unread;
    private boolean authenticated;
    private boolean resp3;
    private boolean noEvict;
    private String name = "";
    private String libraryName = "";
    private String libraryVersion = "";
    private @Nullable Command lastCommand;

    ClientState(long now, boolean authenticated) {
        this.connectedAt = now;
        this.lastInteraction = now;
        this.authenticated = authenticated;
    }

    /** Forgets what {@code RESET} makes a client forget, but for whether it is authenticated. */
    void reset() {
        resp3 = false;
        noEvict = false;
        name = "";
    }

    /** Unix milliseconds. */
    long connectedAt() {
        return connectedAt;
    }

    /** Unix milliseconds at which bytes last came from the client, or were last seen to be taken by it. */
    long lastInteraction() {
        return lastInteraction;
    }

    void interacted(long now) {
        lastInteraction = now;
    }

    /** Notes how many bytes of replies the client has yet to read: if that changes, it is there. */
    void unread(long bytes, long now) {
        if (bytes != unread) {
            unread = bytes;
            lastInteraction = now;
        }
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

    /** Whether the client asked never to be cut off for the memory it takes; we never do that. */
    boolean noEvict() {
        return noEvict;
    }

    void noEvict(boolean yes) {
        noEvict = yes;
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
