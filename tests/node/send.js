// Sends through the real @segment/analytics-node. argv: write key, host, user id, how many tracks.
const { Analytics } = require('@segment/analytics-node')

const [writeKey, host, userId, count] = process.argv.slice(2)
const analytics = new Analytics({ writeKey, host, flushAt: 5, maxRetries: 5 })
const failures = []
analytics.on('error', (error) => failures.push(error.code))

analytics.identify({ userId, traits: { email: `${userId}@example.jp`, plan: 'gold' } })
for (let i = 0; i < Number(count); i++) {
  analytics.track({
    userId,
    event: 'Product Viewed',
    messageId: `${userId}-${i}`,
    properties: { sku: '4901234567894', price: 1200, currency: 'jpy' },
  })
}
analytics.page({ userId, name: 'Home', properties: { url: 'https://shop.example/' } })
analytics.group({ userId, groupId: 'g1' })
analytics.alias({ userId, previousId: `${userId}-before` })

analytics.closeAndFlush({ timeout: 20000 }).then(() => {
  console.log(JSON.stringify({ failures }))
  process.exit(failures.length ? 1 : 0)
})
