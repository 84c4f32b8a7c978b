@NullMarked
package org.espalier.op;

import org.jspecify.annotations.NullMarked;
