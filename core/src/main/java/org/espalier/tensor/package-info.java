@NullMarked
package org.espalier.tensor;

import org.jspecify.annotations.NullMarked;
