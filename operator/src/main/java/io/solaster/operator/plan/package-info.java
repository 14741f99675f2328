/** Which pods a service needs, and whether they fit. */
@NullMarked
package io.solaster.operator.plan;

import org.jspecify.annotations.NullMarked;
