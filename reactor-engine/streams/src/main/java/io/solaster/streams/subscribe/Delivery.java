package io.solaster.streams.subscribe;

import io.netty.buffer.ByteBuf;

/**
 * A message as a handler of the same process gets it.
 *
 * @param name what it was published to
 * @param payload to be read only, while {@link MessageHandler#handle} runs and what that returned has not ended; who wants it for longer
 *        retains it
 * @param dropped messages that the policy has dropped since the message before this one
 */
public record Delivery(ByteBuf name, ByteBuf payload, long dropped) {}
