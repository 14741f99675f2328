/** What is configured below {@code solaster.topics.<name>}: entries on the disk, over all shards. Any thread. */
@NullMarked
package io.solaster.config.topic;

import org.jspecify.annotations.NullMarked;
