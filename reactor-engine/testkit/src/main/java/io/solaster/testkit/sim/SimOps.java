package io.solaster.testkit.sim;

import io.netty.channel.IoOps;

/** What a simulated channel asks its transport for. */
enum SimOps implements IoOps {
    /** To be called in the shard's next turn. */
    LOOK
}
