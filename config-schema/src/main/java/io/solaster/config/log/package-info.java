/** What is configured below {@code solaster.logs.<name>}: append logs on the disk, one a shard. Any thread. */
@NullMarked
package io.solaster.config.log;

import org.jspecify.annotations.NullMarked;
