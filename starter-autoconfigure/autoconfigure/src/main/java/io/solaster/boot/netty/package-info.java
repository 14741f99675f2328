/** The application's own libraries that are built on Netty, run on the engine's shards. */
@NullMarked
package io.solaster.boot.netty;

import org.jspecify.annotations.NullMarked;
