/** The CUDA back end: the only place that knows of CUDA. */
@NullMarked
package org.espalier.cuda;

import org.jspecify.annotations.NullMarked;
