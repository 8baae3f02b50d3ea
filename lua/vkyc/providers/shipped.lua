--- The providers that come with the module.
return { "cashfree_ppi", "cashfree_secure_id", "enkash" }
