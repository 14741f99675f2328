/** What runs, held against the plan. */
@NullMarked
package io.solaster.operator.observe;

import org.jspecify.annotations.NullMarked;
