/** What finds the endpoints behind a name, and tells of changes. */
@NullMarked
package io.solaster.pool.discovery;

import org.jspecify.annotations.NullMarked;
