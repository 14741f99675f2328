package io.solaster.streams.topic;

import io.solaster.config.Internal;
import io.solaster.streams.plugin.PluginChain;
import io.solaster.streams.plugin.PluginPoint;
import org.jspecify.annotations.Nullable;

/** Which plug-ins look at a topic's messages on one shard, and where what they route goes. On the shard. */
@Internal
public final class PluginGate implements PluginPoint {
    /**
     * An entry that was routed so often when it was to be delivered goes to its group: it may go round in a circle. Few, since each
     * group routes an entry for itself, and so it is there as often as there are groups to the power of that.
     */
    public static final int MOST_HOPS = 3;

    private final Router router;
    private @Nullable PluginChain publish;
    private @Nullable PluginChain delivery;

    PluginGate(Router router) {
        this.router = router;
    }

    @Override
    public void look(@Nullable PluginChain newPublish, @Nullable PluginChain newDelivery) {
        publish = newPublish;
        delivery = newDelivery;
    }

    /** What looks at entries before they are in the log; null for nothing. */
    @Nullable
    PluginChain publish() {
        return publish;
    }

    /** What looks at entries before a group's member gets them; null for nothing. */
    public @Nullable PluginChain delivery() {
        return delivery;
    }

    public Router router() {
        return router;
    }
}
