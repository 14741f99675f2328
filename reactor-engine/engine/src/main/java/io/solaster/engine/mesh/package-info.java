/** Lock-free messages between shards: one lane for each ordered pair. */
@NullMarked
package io.solaster.engine.mesh;

import org.jspecify.annotations.NullMarked;
