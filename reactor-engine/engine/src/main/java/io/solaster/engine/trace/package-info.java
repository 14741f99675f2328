/** What requests and calls between shards tell somebody who traces them. */
@NullMarked
package io.solaster.engine.trace;

import org.jspecify.annotations.NullMarked;
