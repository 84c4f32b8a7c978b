@NullMarked
package org.espalier.optim;

import org.jspecify.annotations.NullMarked;
