/**
 * Messages over the shards of one engine: topics, whose entries are kept ({@link io.solaster.streams.Streams}), and subscriptions, whose
 * messages are not. Its rooms: {@link io.solaster.streams.subscribe} holds who has subscribed to which names, and brings messages
 * there; {@code topic} and {@code group} are what topics are made of.
 */
@NullMarked
package io.solaster.streams;

import org.jspecify.annotations.NullMarked;
