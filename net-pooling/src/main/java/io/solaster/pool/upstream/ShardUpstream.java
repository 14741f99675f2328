package io.solaster.pool.upstream;

import java.util.ArrayList;
import java.util.List;

import io.solaster.pool.Endpoint;
import org.jspecify.annotations.Nullable;

/** An upstream as one shard sees it. On the owning shard only. */
public final class ShardUpstream {
    private final List<Target> targets = new ArrayList<>();
    private final List<Listener> listeners = new ArrayList<>();
    private int next;

    ShardUpstream() {}

    /**
     * Which endpoint takes the next request: of those that may be asked, by the algorithm. Allocates nothing.
     *
     * @param key of the request, for algorithms that go by keys
     * @return null if there is no endpoint at all
     */
    public @Nullable Target choose(long key) {
        return choose(key, null);
    }

    /**
     * As {@link #choose(long)}, for a second try.
     *
     * @param except what was tried already: chosen again only where there is no other; null for none
     */
    public @Nullable Target choose(long key, @Nullable Target except) {
        if (targets.isEmpty()) {
            return null;
        }
        Target chosen = targets.get(Math.floorMod(next++, targets.size()));
        return chosen == except ? targets.get(Math.floorMod(next++, targets.size())) : chosen;
    }

    /** Every member, well or not. */
    public List<Target> targets() {
        return List.copyOf(targets);
    }

    /** Tells of members that come and go from now on, and at once of those that are there. */
    public void listen(Listener listener) {
        listeners.add(listener);
        targets().forEach(listener::added);
    }

    void members(List<Endpoint> members) {
        for (Target target : targets()) {
            Endpoint now = members.stream().filter(member -> member.address().equals(target.endpoint().address()))
                    .findFirst().orElse(null);
            if (now == null) {
                targets.remove(target);
                listeners.forEach(listener -> listener.removed(target));
            } else {
                target.endpoint(now);
            }
        }
        for (Endpoint member : members) {
            if (targets.stream().noneMatch(target -> target.endpoint().address().equals(member.address()))) {
                Target target = new Target(member);
                targets.add(target);
                listeners.forEach(listener -> listener.added(target));
            }
        }
    }

    /** Told on its shard of members that come and go. */
    public interface Listener {
        /** Requests may go there from now on. */
        void added(Target target);

        /** No new request goes there; what is under way may finish. */
        void removed(Target target);

        /** Requests go there, or do not, for its health or because somebody drains it. */
        default void changed(Target target) {}
    }
}
