/**
 * Messages from those who publish to those who have subscribed, over the shards of one engine. Its rooms:
 * {@link io.solaster.streams.subscribe} holds who has subscribed to which names, and brings messages there.
 */
@NullMarked
package io.solaster.streams;

import org.jspecify.annotations.NullMarked;
