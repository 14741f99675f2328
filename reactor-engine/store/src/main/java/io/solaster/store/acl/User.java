package io.solaster.store.acl;

/** One user, for as long as there is one of that name. Clients hold it, so that what changes holds for all of them at once. */
public final class User {
    private final String name;
    private volatile Rights rights;
    private volatile boolean removed;

    User(String name, Rights rights) {
        this.name = name;
        this.rights = rights;
    }

    public String name() {
        return name;
    }

    /** What the user may do now. */
    public Rights rights() {
        return rights;
    }

    /** On shard 0. */
    void rights(Rights changed) {
        rights = changed;
    }

    /** Whether there is no such user any more: the connections are to end. */
    public boolean isRemoved() {
        return removed;
    }

    /** On shard 0. */
    void remove(Rights nothing) {
        rights = nothing;
        removed = true;
    }
}
