package io.solaster.store.shard;

import io.solaster.store.acl.User;
import io.solaster.store.message.ClientSubscriptions;
import org.jspecify.annotations.Nullable;

/** What a client has said of itself, and what {@code CLIENT LIST} tells of it. On the owning shard only. */
public final class ClientState {
    /** Which replies the client wants. */
    public enum Replies {
        ALL, NONE,
        /** That of the next command not. */
        NOT_NEXT,
        /** That of the command that is run now not. */
        NOT_THIS
    }

    /** Bytes of what a client may call itself or its library: each is on the heap, of every client. */
    public static final int LONGEST_NAME = 1024;

    private final long connectedAt;
    private long lastInteraction;
    private long unread;
    private boolean authenticated;
    private boolean resp3;
    private boolean noEvict;
    private boolean readOnly;
    private boolean monitors;
    private Replies replies = Replies.ALL;
    private int database;
    private User user;
    private String name = "";
    private String libraryName = "";
    private String libraryVersion = "";
    private @Nullable Command lastCommand;
    private @Nullable ClientSubscriptions subscriptions;
    private Client.@Nullable Tracker tracker;

    public ClientState(long now, boolean authenticated, User user) {
        this.user = user;
        this.connectedAt = now;
        this.lastInteraction = now;
        this.authenticated = authenticated;
    }

    /** Forgets what {@code RESET} makes a client forget, but for whether it is authenticated. */
    public void reset() {
        resp3 = false;
        noEvict = false;
        readOnly = false;
        monitors = false;
        replies = Replies.ALL;
        database = 0;
        name = "";
        endTracking();
    }

    /** What is told of keys that the client has read; null while it does not want that. */
    public Client.@Nullable Tracker tracker() {
        return tracker;
    }

    public void tracker(Client.Tracker told) {
        tracker = told;
    }

    /** As {@link Client.Tracker#writer()}. */
    public long writer() {
        return tracker == null ? 0 : tracker.writer();
    }

    /** The client wants to be told no more of keys that it has read. */
    public void endTracking() {
        if (tracker != null) {
            tracker.leave();
            tracker = null;
        }
    }

    /** What the client has subscribed to; null if it never has. */
    public @Nullable ClientSubscriptions subscriptions() {
        return subscriptions;
    }

    /** The same; made when it is first asked for. */
    public ClientSubscriptions subscriptions(Client client, StoreShard shard) {
        ClientSubscriptions made = subscriptions;
        if (made == null) {
            made = new ClientSubscriptions(client, shard.subscriptions());
            subscriptions = made;
        }
        return made;
    }

    /** Whether the client has subscribed to something, so that it is sent more than replies. */
    public boolean isSubscribed() {
        return subscriptions != null && subscriptions.isSubscribed();
    }

    /** How many names of a kind the client has subscribed to. */
    public int subscriptions(int kind) {
        return subscriptions == null ? 0 : subscriptions.count(kind);
    }

    /** The client is gone. */
    public void leave() {
        endTracking();
        if (subscriptions != null) {
            subscriptions.leave();
            subscriptions = null;
        }
    }

    /** Unix milliseconds. */
    public long connectedAt() {
        return connectedAt;
    }

    /** Unix milliseconds at which bytes last came from the client, or were last seen to be taken by it. */
    public long lastInteraction() {
        return lastInteraction;
    }

    public void interacted(long now) {
        lastInteraction = now;
    }

    /** Notes how many bytes of replies the client has yet to read: if that changes, it is there. */
    public void unread(long bytes, long now) {
        if (bytes != unread) {
            unread = bytes;
            lastInteraction = now;
        }
    }

    public boolean authenticated() {
        return authenticated;
    }

    public void authenticated(boolean yes) {
        authenticated = yes;
    }

    /** Whether the client reads copies of what another node serves. */
    public boolean readOnly() {
        return readOnly;
    }

    public void readOnly(boolean yes) {
        readOnly = yes;
    }

    /** Whom the client has logged in as. */
    public User user() {
        return user;
    }

    public void user(User known) {
        user = known;
    }

    /** The database that the client has selected. */
    public int database() {
        return database;
    }

    public void database(int number) {
        database = number;
    }

    /** Whether the client is told of every command that is run. */
    public boolean monitors() {
        return monitors;
    }

    public void monitors(boolean yes) {
        monitors = yes;
    }

    public Replies replies() {
        return replies;
    }

    public void replies(Replies wanted) {
        replies = wanted;
    }

    /** Whether the reply of what is run now is dropped. */
    public boolean isMuted() {
        return replies == Replies.NONE || replies == Replies.NOT_THIS;
    }

    public boolean resp3() {
        return resp3;
    }

    public void resp3(boolean yes) {
        resp3 = yes;
    }

    /** Whether the client asked never to be cut off for the memory it takes; we never do that. */
    public boolean noEvict() {
        return noEvict;
    }

    public void noEvict(boolean yes) {
        noEvict = yes;
    }

    /** Empty for none. */
    public String name() {
        return name;
    }

    public void name(String given) {
        name = given;
    }

    /** Empty for none. */
    public String libraryName() {
        return libraryName;
    }

    public void libraryName(String given) {
        libraryName = given;
    }

    /** Empty for none. */
    public String libraryVersion() {
        return libraryVersion;
    }

    public void libraryVersion(String given) {
        libraryVersion = given;
    }

    @Nullable
    public Command lastCommand() {
        return lastCommand;
    }

    public void ran(Command command) {
        lastCommand = command;
    }
}
