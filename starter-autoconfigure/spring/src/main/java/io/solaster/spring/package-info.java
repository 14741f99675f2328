/** What runs inside Spring: the life cycle of the servers, and the seam where protocols are added. */
@NullMarked
package io.solaster.spring;

import org.jspecify.annotations.NullMarked;
