@NullMarked
package org.espalier.autograd;

import org.jspecify.annotations.NullMarked;
