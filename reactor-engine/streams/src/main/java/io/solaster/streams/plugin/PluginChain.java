package io.solaster.streams.plugin;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/**
 * The plug-ins that look at the messages of one topic at one point, on one shard, one after the other. What topics call. On its
 * shard.
 *
 * <p>
 * After {@link #process}, {@link #value} and {@link #target} say what the verdict needs, until the next call.
 */
public final class PluginChain {
    private final String topic;
    private final PluginSlot[] slots;
    private final MessageView view;
    private byte @Nullable [] value;
    private @Nullable String target;

    PluginChain(String topic, PluginSlot[] slots) {
        this.topic = topic;
        this.slots = slots;
        view = new MessageView(topic);
    }

    /**
     * Has the plug-ins look at a message whose value is an array.
     *
     * @throws RejectedByPluginException if one failed, or is not there, that rejects then
     */
    public Verdict process(byte @Nullable [] key, byte[] bytes, int offset, int length) {
        MessageView mine = take();
        mine.open(key, bytes, offset, length);
        return look(mine);
    }

    /**
     * Has the plug-ins look at a message whose value is what is to be read of a buffer, of which nothing changes.
     *
     * @throws RejectedByPluginException if one failed, or is not there, that rejects then
     */
    public Verdict process(byte @Nullable [] key, ByteBuf buffer) {
        MessageView mine = take();
        mine.open(key, buffer);
        return look(mine);
    }

    /** The other value, after {@link Verdict#REPLACE}; after {@link Verdict#ROUTE} too, where it was replaced before. */
    public byte @Nullable [] value() {
        return value;
    }

    /** The other topic, after {@link Verdict#ROUTE}. */
    public @Nullable String target() {
        return target;
    }

    /** A plug-in that publishes to its own topic comes here within a call. */
    private MessageView take() {
        return view.isOpen() ? new MessageView(topic) : view;
    }

    private Verdict look(MessageView mine) {
        byte[] replaced = null;
        String routed = null;
        Verdict last = Verdict.CONTINUE;
        try {
            for (PluginSlot slot : slots) {
                Verdict verdict = slot.process(mine);
                if (verdict == Verdict.REPLACE) {
                    replaced = mine.takeReplacement();
                } else if (verdict != Verdict.CONTINUE) {
                    routed = mine.target();
                    last = verdict;
                    break;
                }
            }
        } finally {
            mine.close();
        }
        if (value != null || replaced != null) {
            value = replaced;
        }
        if (target != null || routed != null) {
            target = routed;
        }
        return last == Verdict.CONTINUE && replaced != null ? Verdict.REPLACE : last;
    }
}
