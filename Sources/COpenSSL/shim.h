// Only what Swift cannot import by itself: see the bridge target for use.
#pragma once
#include <openssl/crypto.h>
#include <openssl/evp.h>
