package io.solaster.pool;

import java.util.List;

import org.jspecify.annotations.Nullable;

/** An {@link Upstream} as one shard sees it. On the owning shard only. */
public interface ShardUpstream {

    /**
     * Which endpoint takes the next request: of those that may be asked, by the algorithm. Allocates nothing.
     *
     * @param key of the request, for algorithms that go by keys
     * @return null if there is no endpoint that may be asked: none at all, or this shard's circuit breakers are open for
     *         all of them, or none is well and {@code panic-threshold} is 0
     */
    @Nullable
    Target choose(long key);

    /**
     * As {@link #choose(long)}, for a second try.
     *
     * @param except what was tried already: chosen again only where there is no other; null for none
     */
    @Nullable
    Target choose(long key, @Nullable Target except);

    /** Every member, well or not. */
    List<Target> targets();

    /** Tells of members that come and go from now on, and at once of those that are there. */
    void listen(Listener listener);

    /** Ends {@link #listen}. */
    void forget(Listener listener);

    /** What this shard counts. Any thread. */
    UpstreamStats stats();

    /** Told on its shard of members that come and go; never from within a call of another method of the upstream. */
    interface Listener {
        /** Requests may go there from now on. */
        void added(Target target);

        /** No new request goes there; what is under way may finish. */
        void removed(Target target);

        /** Requests go there, or do not, for its health or because somebody drains it: {@link Target#state} tells. */
        default void changed(Target target) {}
    }
}
